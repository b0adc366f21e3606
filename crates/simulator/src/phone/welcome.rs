//! What a phone gives a new companion: the keys of the app state, and the history.

use std::collections::BTreeMap;
use std::sync::Arc;

use buffa::{Message as _, MessageField};
use rand::RngExt as _;
use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::send::enc;
use crate::crypto::app_state::key_share;
use crate::crypto::history::{HistoryContact, initial_bootstrap, inline_notification, notification};
use crate::crypto::media::{MediaKind, encrypt_media};
use crate::error::SimulatorError;
use crate::state::account::{Account, Device, MessageLog, PhoneState};
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::state::records::MessageRecord;
use crate::wire::build::element;

/// A history of more bytes goes over the media host.
const MAX_INLINE: usize = 64 * 1024;

/// Messages of one chat that a new companion is given.
const HISTORY_PER_CHAT: usize = 50;

impl Network {
    /// Welcomes a companion that published its keys, once. Called whenever it may be due: an earlier one may have been cut
    /// off with the process.
    pub(crate) fn welcome(self: &Arc<Self>, account: &Arc<Account>, device: u16) {
        let fresh = {
            let facts = account.facts.lock();
            facts.devices.get(&device).is_some_and(|d| !d.record.welcomed && d.record.reachable())
        };
        if !fresh {
            return;
        }
        let (network, account) = (Arc::clone(self), Arc::clone(account));
        self.tasks.spawn_blocking(move || {
            if let Err(error) = network.give_welcome(&account, device) {
                tracing::warn!(%error, "a new companion got no keys and no history");
            }
        });
    }

    fn give_welcome(self: &Arc<Self>, account: &Arc<Account>, device: u16) -> Result<(), SimulatorError> {
        let contacts: Vec<HistoryContact> = self
            .acquaintances(account)
            .iter()
            .map(|known| HistoryContact {
                pn: known.pn(),
                lid: known.lid_jid(),
                push_name: Some(known.name()).filter(|name| !name.is_empty()),
            })
            .collect();
        let blob = initial_bootstrap(&contacts, chats(&account.phone.lock().messages));
        let inline = account.facts.lock().devices.get(&device).is_some_and(|d| d.record.inline_history);
        let mut messages = vec![key_share(&[account.app_state_key()])];
        if inline && blob.len() <= MAX_INLINE {
            messages.push(inline_notification(blob));
        } else {
            let media = encrypt_media(MediaKind::History, &blob, &mut rand::rng());
            match self.store_media(media.bytes.clone().into()) {
                Ok(direct_path) => messages.push(notification(&media, direct_path)),
                // Without its past a companion is poorer, without its keys it is useless.
                Err(error @ SimulatorError::MediaFull { .. }) => {
                    tracing::warn!(%error, "a new companion is given no history");
                }
                Err(error) => return Err(error),
            }
        }
        self.tell_companion(account, device, &messages, true)
    }

    /// Gives a companion the app-state keys once more.
    pub(crate) fn share_keys(
        self: &Arc<Self>,
        account: &Arc<Account>,
        device: u16,
    ) -> Result<(), SimulatorError> {
        let keys = key_share(&[account.app_state_key()]);
        self.tell_companion(account, device, &[keys], false)
    }

    /// Sends peer messages from the phone to one of its companions.
    fn tell_companion(
        self: &Arc<Self>,
        account: &Arc<Account>,
        device: u16,
        messages: &[wa::Message],
        welcome: bool,
    ) -> Result<(), SimulatorError> {
        let waits = |d: &Device| !welcome || !d.record.welcomed;
        let still_waits = || account.facts.lock().devices.get(&device).is_some_and(waits);
        let _one_at_a_time = account.telling.lock();
        if !still_waits() {
            return Ok(());
        }
        let address = account.signal_address(device);
        let known = account.phone.lock().signal.has_session(&address);
        let mut bundle = None;
        if !known {
            bundle = self.take_bundle(account, device)?;
            if bundle.is_none() {
                return Ok(());
            }
        }
        let mut batch = Batch::new();
        let mut phone = account.phone.lock();
        // It may be gone since.
        if !still_waits() {
            return Ok(());
        }
        let mut deliveries = Vec::new();
        for message in messages {
            let node = peer_message(account, &mut phone, &address, message, bundle.take().as_ref())
                .map_err(|error| SimulatorError::Encrypt(error.to_string()))?;
            deliveries.extend(self.deliver(&mut batch, account, device, &node));
        }
        let mut facts = account.facts.lock();
        let Some(companion) = facts.devices.get_mut(&device) else { return Ok(()) };
        if welcome {
            companion.record.welcomed = true;
            batch.put(Table::Device, &Key::account(account.number).device(device), &companion.record);
        }
        // Under the lock of the facts: what is said of the device before and after lies in that order in the journal.
        let ticket = self.append_with_signal(batch, account.number, &mut phone.signal);
        drop(facts);
        drop(phone);
        self.journal.commit(ticket)?;
        self.hand_over(deliveries);
        Ok(())
    }
}

/// The newest messages of every chat, as a real phone gives them at linking.
fn chats(log: &MessageLog) -> Vec<wa::Conversation> {
    let mut chats: BTreeMap<&str, Vec<&MessageRecord>> = BTreeMap::new();
    for record in log.iter().rev() {
        let chat = chats.entry(&record.chat).or_default();
        if chat.len() < HISTORY_PER_CHAT {
            chat.push(record);
        }
    }
    chats
        .into_iter()
        .map(|(id, newest_first)| wa::Conversation {
            id: id.to_owned(),
            conversation_timestamp: newest_first.first().map(|record| record.at),
            messages: newest_first.iter().filter_map(|record| history_message(record)).collect(),
            ..Default::default()
        })
        .collect()
}

fn history_message(record: &MessageRecord) -> Option<wa::HistorySyncMsg> {
    let group = record.chat.ends_with("@g.us");
    let author = (group && !record.from_me).then(|| record.from.clone());
    let key = wa::MessageKey {
        remote_jid: Some(record.chat.clone()),
        from_me: Some(record.from_me),
        id: Some(record.id.clone()),
        participant: author.clone(),
    };
    let message = wa::WebMessageInfo {
        key: MessageField::some(key),
        message: MessageField::some(wa::Message::decode_from_slice(&record.content).ok()?),
        message_timestamp: Some(record.at),
        participant: author,
        ..Default::default()
    };
    Some(wa::HistorySyncMsg { message: MessageField::some(message), ..Default::default() })
}

fn peer_message(
    account: &Account,
    phone: &mut PhoneState,
    address: &crate::crypto::signal::SignalAddress,
    message: &wa::Message,
    bundle: Option<&crate::crypto::signal::PreKeyBundle>,
) -> Result<Node, crate::crypto::signal::SignalError> {
    let encrypted = phone.signal.encrypt_to(address, &message.encode_to_vec(), bundle, &mut rand::rng())?;
    let id = format!("3EB0{}", hex::encode_upper(rand::rng().random::<[u8; 9]>()));
    Ok(element("message")
        .attr("from", account.pn())
        .attr("id", id)
        .attr("t", now_seconds())
        .attr("type", "text")
        .attr("category", "peer")
        .children([enc(&encrypted)])
        .build())
}
