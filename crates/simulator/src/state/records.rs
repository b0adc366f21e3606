//! Rows as they are written to disk. A change of meaning or order needs a new format version.

use serde::{Deserialize, Serialize};

use crate::crypto::app_state::AppStateKey;

/// A phone: `Table::Account`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) number: u64,
    pub(crate) lid: u64,
    pub(crate) name: String,
    /// Unix seconds.
    pub(crate) created_at: u64,
    /// The ADV id under which companions are signed.
    pub(crate) raw_id: u32,
    /// The highest key index ever given to a companion.
    pub(crate) last_key_index: u32,
    /// The highest device number ever given.
    pub(crate) last_device: u16,
    /// Shared with every companion.
    pub(crate) app_state_key: AppStateKey,
    /// The "about" text.
    pub(crate) about: String,
}

/// A linked companion: `Table::Device`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeviceRecord {
    pub(crate) noise_public: [u8; 32],
    pub(crate) identity: [u8; 32],
    pub(crate) registration_id: u32,
    pub(crate) signed_prekey: Option<SignedPreKey>,
    pub(crate) key_index: u32,
    /// Encoded `ADVSignedDeviceIdentity`; without the companion's signature until it confirmed.
    pub(crate) device_identity: Vec<u8>,
    /// What it calls itself, e.g. `Chrome (Linux)`; empty if it never said.
    pub(crate) name: String,
    /// Unix seconds.
    pub(crate) linked_at: u64,
    /// It answered pair-success or logged in. Until then nobody sees it.
    pub(crate) confirmed: bool,
    /// The phone gave it keys and history.
    pub(crate) welcomed: bool,
    /// It takes a small history within the message; others fetch it from the media host.
    pub(crate) inline_history: bool,
}

/// A signed prekey as its owner uploaded it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SignedPreKey {
    pub(crate) id: u32,
    pub(crate) public: [u8; 32],
    pub(crate) signature: Vec<u8>,
}

/// What a queued stanza is, as its confirmation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Class {
    Message,
    Receipt,
    Notification,
    Call,
}

/// A stanza in a device's queue: `Table::Queue`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct QueueRecord {
    pub(crate) class: Class,
    pub(crate) id: String,
    /// `from` as the stanza says it.
    pub(crate) from: String,
    /// Encoded stanza.
    pub(crate) stanza: Vec<u8>,
}

/// One message a phone sent or decrypted: `Table::Message`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MessageRecord {
    pub(crate) id: String,
    /// A JID: the other person's number, or a group.
    pub(crate) chat: String,
    /// The author, a JID without device.
    pub(crate) from: String,
    pub(crate) from_me: bool,
    /// Where the stanza was addressed (PN, LID or group): where receipts go.
    pub(crate) reply_to: String,
    /// The author's device address as it came, for receipts in groups.
    pub(crate) author: String,
    /// Unix seconds.
    pub(crate) at: u64,
    /// Encoded `Message`.
    pub(crate) content: Vec<u8>,
    /// The `type` attribute it was sent with.
    pub(crate) kind: String,
}

/// One receipt a phone got: `Table::Receipt`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ReceiptRecord {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Who confirmed, a JID.
    pub(crate) from: String,
    /// Unix seconds.
    pub(crate) at: u64,
}

/// A group: `Table::Group`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub(crate) subject: String,
    pub(crate) description: Option<Description>,
    /// Number of the creator.
    pub(crate) creator: u64,
    /// Unix seconds.
    pub(crate) created_at: u64,
    /// Unix seconds.
    pub(crate) subject_at: u64,
    pub(crate) subject_by: u64,
    pub(crate) lid_addressed: bool,
    pub(crate) announcement: bool,
    pub(crate) locked: bool,
    /// Seconds; 0 is off.
    pub(crate) ephemeral: u32,
    pub(crate) members: Vec<MemberRecord>,
    pub(crate) invite_code: String,
}

/// A group's description.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) by: u64,
    /// Unix seconds.
    pub(crate) at: u64,
}

/// A member of a group.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MemberRecord {
    pub(crate) number: u64,
    pub(crate) role: Role,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    Member,
    Admin,
    SuperAdmin,
}

/// An uploaded file: `Table::Media`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MediaRecord {
    /// Bytes.
    pub(crate) length: u64,
    /// Unix seconds.
    pub(crate) at: u64,
}
