//! Records that are opaque to SQL: their kinds, their keys, and the statements on `wa_record`.

use crate::sql::{Batch, Value};

/// What a sealed value is. The numbers are in every file and in what is authenticated: given once, never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Identity = 1,
    Session = 2,
    PreKey = 3,
    SignedPreKey = 4,
    SenderKey = 5,
    SyncKey = 6,
    /// The id of the sync key that was stored last.
    LatestSyncKey = 7,
    SyncVersion = 8,
    BaseKey = 9,
    DeviceList = 10,
    GroupMetadata = 11,
    SentMessage = 12,
    PendingInbound = 13,
    Device = 14,
    /// In `wa_tc_token`.
    TcToken = 20,
    /// In `wa_message_secret`.
    MessageSecret = 21,
}

/// Writes records.
pub(super) static RECORD: Batch = Batch::new(
    "INSERT INTO wa_record (session, kind, key, sealed, at, uploaded) VALUES ",
    6,
    " ON CONFLICT (session, kind, key) \
     DO UPDATE SET sealed = excluded.sealed, at = excluded.at, uploaded = excluded.uploaded",
);

/// Deletes records. (A join, because SQLite looks up no index for `(session, kind, key) IN (VALUES …)`.)
pub(super) static DELETE: Batch = Batch::new(
    "DELETE FROM wa_record WHERE rowid IN (SELECT r.rowid FROM (VALUES ",
    3,
    ") AS gone CROSS JOIN wa_record r ON r.session = gone.column1 AND r.kind = gone.column2 AND r.key = gone.column3)",
);

pub(super) const GET: &str = "SELECT sealed FROM wa_record WHERE session = ? AND kind = ? AND key = ?";
pub(super) const HAS: &str = "SELECT 1 FROM wa_record WHERE session = ? AND kind = ? AND key = ?";
pub(super) const ALL: &str = "SELECT key, sealed FROM wa_record WHERE session = ? AND kind = ? ORDER BY key";
pub(super) const SOME: &str = "SELECT key, sealed FROM wa_record WHERE session = ? AND kind = ? \
     AND key IN (SELECT unhex(value) FROM json_each(?)) ORDER BY key";
pub(super) const LAST: &str =
    "SELECT key FROM wa_record WHERE session = ? AND kind = ? ORDER BY key DESC LIMIT 1";
pub(super) const TAKE: &str =
    "DELETE FROM wa_record WHERE session = ? AND kind = ? AND key = ? RETURNING sealed";
pub(super) const HAS_OLDER: &str =
    "SELECT 1 FROM wa_record WHERE session = ? AND kind = ? AND at < ? LIMIT 1";
pub(super) const DELETE_OLDER: &str = "DELETE FROM wa_record WHERE session = ? AND kind = ? AND at < ?";
pub(super) const MARK_UPLOADED: &str = "UPDATE wa_record SET uploaded = 1 WHERE session = ? AND kind = ? \
     AND key IN (SELECT unhex(value) FROM json_each(?))";
pub(super) const INSERT_IF_NONE: &str = "INSERT INTO wa_record (session, kind, key, sealed, at, uploaded) \
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
/// Whether any identity or session has an address of one of two forms, each given as a range of keys.
pub(super) const HAS_ADDRESS: &str = "SELECT 1 FROM wa_record \
     WHERE session = ?1 AND kind IN (1, 2) AND key >= ?2 AND key < ?3 \
     UNION ALL SELECT 1 FROM wa_record WHERE session = ?1 AND kind IN (1, 2) AND key >= ?4 AND key < ?5 LIMIT 1";

/// A key of several texts. Each but the last is preceded by its length, so that no two keys run together.
pub(super) fn joined(parts: &[&str]) -> Vec<u8> {
    let mut key = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for (index, part) in parts.iter().enumerate() {
        if index + 1 < parts.len() {
            key.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        key.extend_from_slice(part.as_bytes());
    }
    key
}

/// A list of keys as one parameter: a JSON array of hexadecimal texts, for `unhex`.
pub(super) fn listed<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Value {
    let mut list = String::from("[");
    for (index, key) in keys.into_iter().enumerate() {
        if index > 0 {
            list.push(',');
        }
        list.push('"');
        list.push_str(&hex::encode(key));
        list.push('"');
    }
    list.push(']');
    list.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_parts_never_make_the_same_key() {
        assert_ne!(joined(&["ab", "c"]), joined(&["a", "bc"]));
        assert_ne!(joined(&["", "ab"]), joined(&["ab", ""]));
        assert_ne!(joined(&["a", "b", ""]), joined(&["a", "", "b"]));
    }
}
