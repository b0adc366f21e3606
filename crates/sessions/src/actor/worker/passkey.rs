//! The passkey that WhatsApp asks of the link under way. The exchange waits for the network, so it never holds up the
//! session: whoever asked is answered from a task of its own.

use super::Worker;
use crate::actor::events;
use crate::actor::message::Reply;
use crate::error::GatewayError;
use crate::ops::get_passkey::Passkey;
use enlace_domain::port::whatsapp::PasskeyAssertion;
use enlace_domain::session::{SessionState, StateName};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;
use tokio::time::Instant;

impl Worker {
    /// The network wants a passkey before the link goes on.
    pub(super) async fn on_passkey_requested(&mut self, options: Value) {
        let now = self.now();
        let within = self.parts().config.passkey_within;
        let Some(flow) = &mut self.link else { return };
        let tell = vec![events::passkey_requested(&self.session.id, &options, now)];
        flow.passkey = Some(Arc::new(Passkey { options, code: None }));
        self.settle_by = Some(Instant::now() + within);
        self.change_state_with(vec![], tell, SessionState::plain(StateName::AwaitingPasskey, now)).await;
    }

    /// The passkey was believed; people compare the code, unless the network needs none of that.
    pub(super) async fn on_passkey_code(&mut self, code: SecretString, compare: bool) {
        let now = self.now();
        let Some(passkey) = self.link.as_mut().and_then(|flow| flow.passkey.as_mut()) else { return };
        *passkey = Arc::new(Passkey { options: passkey.options.clone(), code: Some(code) });
        if compare {
            self.save(vec![events::passkey_to_confirm(&self.session.id, now)]).await;
        } else {
            self.confirm_passkey(None);
        }
    }

    /// Hands an assertion to the network.
    pub(super) fn answer_passkey(&self, assertion: PasskeyAssertion, reply: Reply<()>) {
        let asked = self.link.as_ref().is_some_and(|flow| flow.passkey.is_some());
        let Some(live) = self.live.as_ref().filter(|_| asked) else {
            let _ = reply.send(Err(GatewayError::NoPasskeyAsked));
            return;
        };
        let connection = Arc::clone(&live.connection);
        tokio::spawn(async move {
            let taken = connection.answer_passkey(&assertion).await;
            let _ = reply.send(taken.map_err(Into::into));
        });
    }

    /// Tells the network that the code was compared.
    pub(super) fn confirm_passkey(&self, reply: Option<Reply<()>>) {
        let passkey = self.link.as_ref().and_then(|flow| flow.passkey.as_ref());
        let refusal = match (passkey, &self.live) {
            (Some(passkey), Some(live)) if passkey.code.is_some() => {
                let connection = Arc::clone(&live.connection);
                tokio::spawn(async move {
                    let taken = connection.confirm_passkey().await;
                    if let Some(reply) = reply {
                        let _ = reply.send(taken.map_err(Into::into));
                    }
                });
                return;
            }
            (Some(_), Some(_)) => GatewayError::PasskeyUnanswered,
            _ => GatewayError::NoPasskeyAsked,
        };
        if let Some(reply) = reply {
            let _ = reply.send(Err(refusal));
        }
    }
}
