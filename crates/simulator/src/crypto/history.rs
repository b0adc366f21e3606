//! The history a phone gives a new companion.

use wacore_binary::Jid;
use waproto::whatsapp as wa;

use super::media::EncryptedMedia;

/// Somebody the phone knows.
#[derive(Clone, Debug)]
pub(crate) struct HistoryContact {
    /// By number.
    pub(crate) pn: Jid,
    /// By LID.
    pub(crate) lid: Jid,
    /// Their push name, if known.
    pub(crate) push_name: Option<String>,
}

/// `zlib(HistorySync)` of type `INITIAL_BOOTSTRAP`: chats as given, push names, number ↔ LID pairs.
pub(crate) fn initial_bootstrap(contacts: &[HistoryContact], chats: Vec<wa::Conversation>) -> Vec<u8> {
    let _ = (contacts, chats);
    todo!()
}

/// `protocolMessage HISTORY_SYNC_NOTIFICATION` of a blob that lies at `direct_path` on the media host.
pub(crate) fn notification(media: &EncryptedMedia, direct_path: String) -> wa::Message {
    let _ = (media, direct_path);
    todo!()
}
