//! The history a phone gives a new companion.

use std::io::Write;

use buffa::{Message, MessageField};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use wacore_binary::Jid;
use waproto::whatsapp::message::protocol_message::Type;
use waproto::whatsapp::message::{HistorySyncNotification, HistorySyncType, ProtocolMessage};
use waproto::whatsapp::{self as wa};

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
    let pushnames = contacts
        .iter()
        .filter_map(|contact| {
            let name = contact.push_name.clone()?;
            Some(wa::Pushname { id: Some(contact.pn.to_string()), pushname: Some(name) })
        })
        .collect();
    let phone_number_to_lid_mappings = contacts
        .iter()
        .map(|contact| wa::PhoneNumberToLIDMapping {
            pn_jid: Some(contact.pn.to_string()),
            lid_jid: Some(contact.lid.to_string()),
        })
        .collect();
    let history = wa::HistorySync {
        sync_type: wa::history_sync::HistorySyncType::INITIAL_BOOTSTRAP,
        conversations: chats,
        chunk_order: Some(1),
        progress: Some(100),
        pushnames,
        phone_number_to_lid_mappings,
        ..Default::default()
    };
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    out.write_all(&history.encode_to_vec()).and_then(|()| out.finish()).expect("a Vec takes everything")
}

/// `protocolMessage HISTORY_SYNC_NOTIFICATION` with the blob in it, for companions that take it so.
pub(crate) fn inline_notification(blob: Vec<u8>) -> wa::Message {
    notify(HistorySyncNotification {
        file_length: Some(blob.len() as u64),
        initial_hist_bootstrap_inline_payload: Some(blob),
        ..Default::default()
    })
}

/// `protocolMessage HISTORY_SYNC_NOTIFICATION` of a blob that lies at `direct_path` on the media host.
pub(crate) fn notification(media: &EncryptedMedia, direct_path: String) -> wa::Message {
    notify(HistorySyncNotification {
        file_sha256: Some(media.file_sha256.to_vec()),
        file_length: Some(media.file_length),
        media_key: Some(media.media_key.to_vec()),
        file_enc_sha256: Some(media.file_enc_sha256.to_vec()),
        direct_path: Some(direct_path),
        ..Default::default()
    })
}

fn notify(blob: HistorySyncNotification) -> wa::Message {
    let notification = HistorySyncNotification {
        sync_type: Some(HistorySyncType::INITIAL_BOOTSTRAP),
        chunk_order: Some(1),
        progress: Some(100),
        ..blob
    };
    wa::Message {
        protocol_message: MessageField::some(ProtocolMessage {
            r#type: Some(Type::HISTORY_SYNC_NOTIFICATION),
            history_sync_notification: MessageField::some(notification),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::media::{MediaKind, decrypt_media, encrypt_media};
    use std::io::Read;

    #[test]
    fn the_blob_inflates_to_names_pairs_and_chats() {
        let contacts = [
            HistoryContact {
                pn: Jid::pn("999000000001"),
                lid: Jid::lid("71"),
                push_name: Some("Ana".to_owned()),
            },
            HistoryContact { pn: Jid::pn("999000000002"), lid: Jid::lid("72"), push_name: None },
        ];
        let chat = wa::Conversation { id: "999000000002@s.whatsapp.net".to_owned(), ..Default::default() };
        let blob = initial_bootstrap(&contacts, vec![chat]);

        let media = encrypt_media(MediaKind::History, &blob, &mut rand::rng());
        let message = notification(&media, "/history/1?x=1".to_owned());
        let told = &message.protocol_message.history_sync_notification;
        let key: [u8; 32] = told.media_key.clone().unwrap().try_into().unwrap();
        let fetched =
            decrypt_media(MediaKind::History, &key, &media.bytes, told.file_sha256.as_deref()).unwrap();
        let mut plain = Vec::new();
        flate2::read::ZlibDecoder::new(&fetched[..]).read_to_end(&mut plain).unwrap();

        let history = wa::HistorySync::decode_from_slice(&plain).unwrap();
        assert_eq!(history.conversations.len(), 1);
        assert_eq!(history.pushnames.len(), 1);
        assert_eq!(history.pushnames[0].pushname.as_deref(), Some("Ana"));
        let pair = &history.phone_number_to_lid_mappings[1];
        assert_eq!(pair.pn_jid.as_deref(), Some("999000000002@s.whatsapp.net"));
        assert_eq!(pair.lid_jid.as_deref(), Some("72@lid"));
        assert_eq!(told.sync_type, Some(HistorySyncType::INITIAL_BOOTSTRAP));

        let message = inline_notification(blob.clone());
        let told = &message.protocol_message.history_sync_notification;
        assert_eq!(told.initial_hist_bootstrap_inline_payload.as_ref(), Some(&blob));
        assert_eq!(told.sync_type, Some(HistorySyncType::INITIAL_BOOTSTRAP));
        assert!(told.direct_path.is_none() && told.media_key.is_none());
    }
}
