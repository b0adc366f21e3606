//! What WhatsApp Web keeps beside Signal: sender-key tracking, LID mappings, base keys, device lists, group metadata,
//! trusted-contact tokens, sent messages for retries, and the pending inbound buffer.

use super::app_sync::to_json;
use super::record::{self, Kind, joined};
use super::{Extra, SqliteKeyStore, count, database};
use crate::rows::json;
use crate::sql::{Batch, Value};
use crate::writer::Step;
use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use wacore::store::error::Result;
use wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore, TcTokenEntry,
};

static SENDER_KEY_DEVICE: Batch = Batch::new(
    "INSERT INTO wa_sender_key_device (session, \"group\", device, has_key) VALUES ",
    4,
    " ON CONFLICT (session, \"group\", device) DO UPDATE SET has_key = excluded.has_key",
);
/// Replacing gives a new row number, which tells the later of two mappings of the same second.
static LID_MAPPING: Batch = Batch::new(
    "INSERT OR REPLACE INTO wa_lid_mapping (session, lid, phone, created_at, updated_at, source) VALUES ",
    6,
    "",
);
const PUT_TC: &str = "INSERT OR REPLACE INTO wa_tc_token (session, jid, sealed, token_timestamp, sender_timestamp) VALUES (?, ?, ?, ?, ?)";
/// The sender's time only moves forward; a token stays, and without one a placeholder is made.
const TOUCH_TC: &str = "INSERT INTO wa_tc_token (session, jid, sealed, token_timestamp, sender_timestamp) VALUES (?1, ?2, x'', ?3, ?3) \
     ON CONFLICT (session, jid) DO UPDATE SET \
     sender_timestamp = max(coalesce(sender_timestamp, excluded.sender_timestamp), excluded.sender_timestamp)";
/// A token as new or newer wins, any token wins over a placeholder, and the sender's time stays.
const RECEIVE_TC: &str = "INSERT INTO wa_tc_token (session, jid, sealed, token_timestamp) VALUES (?, ?, ?, ?) \
     ON CONFLICT (session, jid) DO UPDATE SET sealed = excluded.sealed, token_timestamp = excluded.token_timestamp \
     WHERE length(sealed) = 0 OR excluded.token_timestamp >= token_timestamp";
const GET_TC: &str =
    "SELECT sealed, token_timestamp, sender_timestamp FROM wa_tc_token WHERE session = ? AND jid = ?";
const HAS_STALE_TC: &str = "SELECT 1 FROM wa_tc_token WHERE session = ? \
     AND (length(sealed) = 0 OR token_timestamp < ?) AND (sender_timestamp IS NULL OR sender_timestamp < ?) LIMIT 1";
const DELETE_STALE_TC: &str = "DELETE FROM wa_tc_token WHERE session = ? \
     AND (length(sealed) = 0 OR token_timestamp < ?) AND (sender_timestamp IS NULL OR sender_timestamp < ?)";

const DEVICES_OF_GROUP: &str =
    "SELECT device, has_key FROM wa_sender_key_device WHERE session = ? AND \"group\" = ?";
const CLEAR_GROUP: &str = "DELETE FROM wa_sender_key_device WHERE session = ? AND \"group\" = ?";
const CLEAR_GROUPS: &str = "DELETE FROM wa_sender_key_device WHERE session = ?";
const DELETE_DEVICES: &str = "DELETE FROM wa_sender_key_device WHERE session = ? \
     AND device IN (SELECT value FROM json_each(?))";

const MAPPING_BY_LID: &str = "SELECT * FROM wa_lid_mapping WHERE session = ? AND lid = ?";
const MAPPING_BY_PHONE: &str = "SELECT * FROM wa_lid_mapping WHERE session = ? AND phone = ? \
     ORDER BY updated_at DESC, row DESC LIMIT 1";
const MAPPINGS: &str = "SELECT * FROM wa_lid_mapping WHERE session = ? ORDER BY row";

#[async_trait]
impl ProtocolStore for SqliteKeyStore {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        let rows = self.rows(DEVICES_OF_GROUP, [group_jid.into()]).await?;
        rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let (guard, number) = self.target()?;
        let row = |(device, has_key): &(&str, bool)| -> [Value; 4] {
            [number.clone(), group_jid.into(), (*device).into(), (*has_key).into()]
        };
        let rows = entries.iter().flat_map(row).collect();
        self.write(guard, vec![Step::Batch(&SENDER_KEY_DEVICE, rows)]).await?;
        Ok(())
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        self.run(CLEAR_GROUP, [group_jid.into()]).await?;
        Ok(())
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        self.run(DELETE_DEVICES, [json(&device_jids).into()]).await?;
        Ok(())
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        self.run(CLEAR_GROUPS, []).await?;
        Ok(())
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        self.row(MAPPING_BY_LID, [lid.into()]).await?.as_ref().map(mapping).transpose()
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        self.row(MAPPING_BY_PHONE, [phone.into()]).await?.as_ref().map(mapping).transpose()
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let (guard, number) = self.target()?;
        let row = |entry: &LidPnMappingEntry| -> [Value; 6] {
            [
                number.clone(),
                entry.lid.as_str().into(),
                entry.phone_number.as_str().into(),
                entry.created_at.into(),
                entry.updated_at.into(),
                entry.learning_source.as_str().into(),
            ]
        };
        self.write(guard, vec![Step::Batch(&LID_MAPPING, entries.iter().flat_map(row).collect())]).await?;
        Ok(())
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        self.rows(MAPPINGS, []).await?.iter().map(mapping).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        self.put(Kind::BaseKey, &joined(&[address, message_id]), base_key, Extra::NONE).await
    }

    async fn has_same_base_key(
        &self,
        address: &str,
        message_id: &str,
        current_base_key: &[u8],
    ) -> Result<bool> {
        let saved = self.get(Kind::BaseKey, &joined(&[address, message_id])).await?;
        Ok(saved.is_some_and(|saved| saved == current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.delete(Kind::BaseKey, vec![joined(&[address, message_id])]).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let mut lists = Vec::with_capacity(records.len());
        for record in &records {
            lists.push((record.user.as_bytes(), to_json(record)?));
        }
        self.put_rows(self.sealed(Kind::DeviceList, lists, Extra::NONE)?).await
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        self.get_json(Kind::DeviceList, user.as_bytes()).await
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        self.delete(Kind::DeviceList, vec![user.into()]).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        self.get(Kind::GroupMetadata, group_jid.as_bytes()).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        self.put(Kind::GroupMetadata, group_jid.as_bytes(), blob, Extra::NONE).await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        self.delete(Kind::GroupMetadata, vec![group_jid.into()]).await
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        let Some(row) = self.row(GET_TC, [jid.into()]).await? else { return Ok(None) };
        let sealed: Vec<u8> = column(&row, 0)?;
        let token =
            if sealed.is_empty() { sealed } else { self.open(Kind::TcToken, jid.as_bytes(), &sealed)? };
        Ok(Some(TcTokenEntry {
            token,
            token_timestamp: column(&row, 1)?,
            sender_timestamp: column(&row, 2)?,
        }))
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        let sealed = self.seal_token(jid, &entry.token);
        let row = [jid.into(), sealed.into(), entry.token_timestamp.into(), entry.sender_timestamp.into()];
        self.run(PUT_TC, row).await?;
        Ok(())
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        self.run("DELETE FROM wa_tc_token WHERE session = ? AND jid = ?", [jid.into()]).await?;
        Ok(())
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        let rows = self.rows("SELECT jid FROM wa_tc_token WHERE session = ? ORDER BY jid", []).await?;
        rows.iter().map(|row| column(row, 0)).collect()
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        let cutoffs = [Value::from(token_cutoff), sender_cutoff.into()];
        if self.row(HAS_STALE_TC, cutoffs.clone()).await?.is_none() {
            return Ok(0);
        }
        Ok(count(self.run(DELETE_STALE_TC, cutoffs).await?))
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        self.run(TOUCH_TC, [jid.into(), sender_timestamp.into()]).await?;
        Ok(())
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        let sealed = self.seal_token(jid, token);
        self.run(RECEIVE_TC, [jid.into(), sealed.into(), token_timestamp.into()]).await?;
        Ok(())
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Result<()> {
        self.put(Kind::SentMessage, &joined(&[chat_jid, message_id]), payload, Extra::now()).await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        let key = joined(&[chat_jid, message_id]);
        let (guard, number) = self.target()?;
        let values = vec![number, (Kind::SentMessage as i64).into(), key.clone().into()];
        let taken = self.write(guard, vec![Step::Take(record::TAKE, values)]).await?.taken;
        taken.map(|sealed| self.open(Kind::SentMessage, &key, &sealed)).transpose()
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.delete_older(Kind::SentMessage, cutoff_timestamp).await
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Result<()> {
        self.put(Kind::PendingInbound, &joined(&[chat, sender, id]), message, Extra::now()).await
    }

    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<Option<Vec<u8>>> {
        self.get(Kind::PendingInbound, &joined(&[chat, sender, id])).await
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.delete(Kind::PendingInbound, vec![joined(&[chat, sender, id])]).await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.delete_older(Kind::PendingInbound, cutoff_timestamp).await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let records = rows.iter().map(|row| (joined(&[row.chat, row.sender, row.id]), row.message));
        self.put_rows(self.sealed(Kind::PendingInbound, records, Extra::now())?).await
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let keys = keys.iter().map(|key| joined(&[key.chat, key.sender, key.id])).collect();
        self.delete(Kind::PendingInbound, keys).await
    }
}

impl SqliteKeyStore {
    /// A placeholder without a token stays empty, so that SQL can tell it.
    fn seal_token(&self, jid: &str, token: &[u8]) -> Vec<u8> {
        if token.is_empty() { Vec::new() } else { self.seal(Kind::TcToken, jid.as_bytes(), token) }
    }
}

fn mapping(row: &SqliteRow) -> Result<LidPnMappingEntry> {
    Ok(LidPnMappingEntry {
        lid: row.try_get("lid").map_err(database)?,
        phone_number: row.try_get("phone").map_err(database)?,
        created_at: row.try_get("created_at").map_err(database)?,
        updated_at: row.try_get("updated_at").map_err(database)?,
        learning_source: row.try_get("source").map_err(database)?,
    })
}

fn column<'r, T>(row: &'r SqliteRow, index: usize) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(index).map_err(database)
}
