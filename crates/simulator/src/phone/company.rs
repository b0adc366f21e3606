//! What a phone does besides messages: being there, typing, and making groups.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::send::Chat;
use super::{Phone, limits};
use crate::error::SimulatorError;
use crate::server::message::Sender;
use crate::state::account::{Account, Form, PHONE};
use crate::wire::build::element;

/// What others may see a person do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhonePresence {
    /// WhatsApp is open.
    Available,
    /// It is not.
    Unavailable,
    /// Typing in a chat.
    Composing,
    /// Recording a voice note in a chat.
    Recording,
    /// Neither any more.
    Paused,
}

impl Phone {
    /// Shows the phone's user as there or away (to everybody who asked for it), or as busy in the chat `to`.
    pub fn set_presence(&self, to: Option<&str>, state: PhonePresence) -> Result<(), SimulatorError> {
        let chat = to.map(|to| self.chat(to)).transpose()?;
        let node = match state {
            PhonePresence::Available | PhonePresence::Unavailable => {
                let available = state == PhonePresence::Available;
                self.network.presence.phone(&self.network, &self.account, available);
                return Ok(());
            }
            PhonePresence::Composing => element("composing").build(),
            PhonePresence::Recording => element("composing").attr("media", "audio").build(),
            PhonePresence::Paused => element("paused").build(),
        };
        let chat =
            chat.ok_or_else(|| SimulatorError::Invalid("`to` names the chat this happens in".to_owned()))?;
        self.network.relay_chatstate(&self.account, PHONE, &chat.jid(), &[node]);
        Ok(())
    }

    /// Makes a group with people of this network. Gives its JID. Members are addressed by number, or by LID.
    pub fn create_group(
        &self,
        subject: &str,
        participants: &[String],
        lid_addressed: bool,
    ) -> Result<String, SimulatorError> {
        if subject.is_empty() {
            return Err(SimulatorError::Invalid("`subject` is empty".to_owned()));
        }
        limits::check_length("subject", subject, limits::NAME)?;
        limits::check_count("participants", participants.len(), limits::MEMBERS)?;
        let members: Vec<Arc<Account>> = participants
            .iter()
            .map(|text| match self.chat(text)? {
                Chat::Direct(other) => Ok(other.account),
                Chat::Group(_) => Err(SimulatorError::UnknownRecipient(text.clone())),
            })
            .collect::<Result<_, _>>()?;
        let form = if lid_addressed { Form::Lid } else { Form::Pn };
        let creator = Sender { account: &self.account, device: PHONE };
        let group = self.network.create_group(&creator, subject, &members, form)?;
        Ok(group.jid().to_string())
    }
}
