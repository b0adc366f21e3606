//! Simulated phones: real primaries that link companions, encrypt, decrypt and confirm. They use nothing of the server
//! that a phone would not be given, except that they know every device list at once.

mod company;
mod content;
pub(crate) mod limits;
mod link;
mod passkey;
mod receipts;
mod receive;
mod retry;
mod send;
mod welcome;
mod work;

use std::sync::Arc;

use serde::Serialize;

pub use company::PhonePresence;
pub use content::{MediaContent, OutgoingContent, PhoneMedia, PhoneMessage};
pub use link::LinkPrompt;
pub use passkey::PasskeyPrompt;
pub use receipts::{PhoneReceipt, ReceiptKind};

use crate::crypto::media::decrypt_media;
use crate::error::SimulatorError;
use crate::state::account::Account;
use crate::state::network::Network;
use crate::wire::address::parse_jid;

/// A simulated phone. Cheap to clone.
#[derive(Clone)]
pub struct Phone {
    pub(crate) network: Arc<Network>,
    pub(crate) account: Arc<Account>,
}

/// A companion of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkedDevice {
    /// The device number, 1 and up.
    pub id: u16,
    /// `number:id@s.whatsapp.net`.
    pub jid: String,
    /// What it calls itself; empty if it never said.
    pub name: String,
    /// RFC 3339, UTC, milliseconds.
    pub linked_at: String,
    /// It is logged in now.
    pub online: bool,
    /// Stanzas it has not confirmed.
    pub queued: usize,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phone").finish_non_exhaustive()
    }
}

impl Phone {
    /// The number, digits only.
    pub fn number(&self) -> String {
        self.account.number.to_string()
    }

    /// `number@s.whatsapp.net`.
    pub fn jid(&self) -> String {
        self.account.pn().to_string()
    }

    /// `id@lid`, the hidden address.
    pub fn lid(&self) -> String {
        self.account.lid_jid().to_string()
    }

    /// The name others see.
    pub fn name(&self) -> String {
        self.account.name()
    }

    /// The linked companions, oldest first.
    pub fn devices(&self) -> Vec<LinkedDevice> {
        let facts = self.account.facts.lock();
        facts
            .devices
            .iter()
            .filter(|(_, device)| device.record.confirmed)
            .map(|(&id, device)| LinkedDevice {
                id,
                jid: self.account.pn().with_device(id).to_string(),
                name: device.record.name.clone(),
                linked_at: rfc3339(device.record.linked_at),
                online: device.connection.is_some(),
                queued: device.queue.len(),
            })
            .collect()
    }

    /// Removes a companion, as "Log out" on the phone does.
    #[expect(
        clippy::unused_async,
        reason = "every deed of a phone is awaited, whether it waits today or not"
    )]
    pub async fn unlink(&self, device: u16) -> Result<(), SimulatorError> {
        let confirmed = self.account.facts.lock().devices.get(&device).is_some_and(|d| d.record.confirmed);
        if !confirmed {
            return Err(SimulatorError::UnknownDevice(device));
        }
        self.network.unlink(&self.account, device)
    }

    /// What the phone sent and decrypted, oldest first.
    pub fn messages(&self) -> Vec<PhoneMessage> {
        let records: Vec<_> = self.account.phone.lock().messages.iter().cloned().collect();
        records.iter().filter_map(|record| content::read(record)).collect()
    }

    /// The bytes of a file in a message, fetched from the media host and decrypted. Blocks.
    pub fn download(&self, media: &PhoneMedia) -> Result<Vec<u8>, SimulatorError> {
        let gone = || SimulatorError::Invalid("the file is not on the simulator's media host".to_owned());
        let name = crate::media::name_of(&media.direct_path).ok_or_else(gone)?;
        let bytes = self.network.media.read(name).ok_or_else(gone)?;
        let key = <[u8; 32]>::try_from(media.media_key.as_slice())
            .map_err(|_| SimulatorError::Invalid("the message has no media key".to_owned()))?;
        decrypt_media(media.key_kind(), &key, &bytes, media.file_sha256.as_deref())
            .map_err(|error| SimulatorError::Invalid(error.to_string()))
    }

    /// Whom a text means: a number in any writing, a JID or a LID.
    pub(crate) fn chat(&self, to: &str) -> Result<send::Chat, SimulatorError> {
        limits::check_length("to", to, limits::ADDRESS)?;
        let unknown = || SimulatorError::UnknownRecipient(to.to_owned());
        if !to.contains('@') {
            let account = self.network.directory.by_text(to).ok_or_else(unknown)?;
            return Ok(send::Chat::direct(account, crate::state::account::Form::Pn));
        }
        let jid = parse_jid(to).ok_or_else(unknown)?;
        if let Some(resolved) = self.network.directory.resolve(&jid) {
            return Ok(send::Chat::direct(resolved.account, resolved.form));
        }
        let group = self.network.groups.get(&jid.user).ok_or_else(unknown)?;
        if group.record.lock().member(self.account.number).is_none() {
            return Err(SimulatorError::Invalid("the phone is not in this group".to_owned()));
        }
        Ok(send::Chat::Group(group))
    }
}

/// Unix seconds as RFC 3339.
pub(crate) fn rfc3339(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
