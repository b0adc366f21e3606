//! Sending, up to the server's acknowledgement.

use crate::decode::person;
use crate::shared::Shared;
use enlace_domain::address::Server;
use enlace_domain::message::Content;
use enlace_domain::port::SendError;
use enlace_domain::port::whatsapp::Outgoing;
use std::sync::Arc;
use wacore::proto_helpers::MessageBuilderExt;
use wacore_binary::Jid as WireJid;
use waproto::whatsapp::Message;
use whatsapp_rust::Client;
use whatsapp_rust::client::ClientError;
use whatsapp_rust::request::IqError;
use whatsapp_rust::send::{SendError as WireError, SendOptions};

/// Why a message certainly stayed here.
#[derive(Debug, thiserror::Error)]
enum Stayed {
    #[error("the session is not logged in")]
    NotLoggedIn,
    #[error("the network could not be asked about the recipient")]
    RecipientUnasked,
    /// Without the library's own words, which may name people.
    #[error("the WhatsApp library could not send it: {0}")]
    Library(&'static str),
}

/// Sends and waits for the acknowledgement. The library alone calls a message sent that is only written, and one that
/// it could encrypt for nobody; so the server's word is required.
pub(crate) async fn send(client: &Arc<Client>, shared: &Shared, message: &Outgoing) -> Result<(), SendError> {
    if shared.is_ending() || !client.is_connected() || !client.is_logged_in() {
        return Err(not_sent(Stayed::NotLoggedIn));
    }
    let body = match &message.content {
        Content::Text(text) => Message::text(text),
        other => return Err(SendError::Refused { reason: format!("cannot-send-{}", other.kind()) }),
    };
    let to = person::wire(&message.to);
    let attempt = async {
        if message.to.server() == Server::Phone {
            known_to_the_network(client, &to).await?;
        }
        deliver(client, shared, &message.wa_id, to, body).await
    };
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(shared.limits.ack, attempt) => outcome.unwrap_or(Err(SendError::Unknown)),
        () = shared.abandoned.cancelled() => Err(SendError::Unknown),
        () = shared.ended.cancelled() => Err(SendError::Unknown),
    };
    shared.acks.forget(&message.wa_id);
    outcome
}

async fn deliver(
    client: &Arc<Client>,
    shared: &Shared,
    wa_id: &str,
    to: WireJid,
    body: Message,
) -> Result<(), SendError> {
    let acknowledged = shared.acks.expect(wa_id);
    let options = SendOptions::default().with_message_id(wa_id);
    client.send_message_with_options(to, body, options).await.map_err(|error| outcome_of(&error))?;
    match acknowledged.await {
        Ok(None) => Ok(()),
        Ok(Some(code)) => Err(SendError::Refused { reason: refusal(&code) }),
        Err(_) => Err(SendError::Unknown),
    }
}

/// The first message to a number asks whether it has WhatsApp; the answer brings its hidden id, by which it is known
/// from then on.
async fn known_to_the_network(client: &Arc<Client>, to: &WireJid) -> Result<(), SendError> {
    if person::is_self(client, to) || matches!(client.get_lid_pn_entry(to).await, Ok(Some(_))) {
        return Ok(());
    }
    match client.contacts().is_on_whatsapp(std::slice::from_ref(to)).await {
        Ok(answers) if answers.iter().any(|answer| answer.is_registered) => Ok(()),
        Ok(answers) if answers.is_empty() => Err(not_sent(Stayed::RecipientUnasked)),
        Ok(_) => Err(SendError::UnknownRecipient),
        Err(_) => Err(not_sent(Stayed::RecipientUnasked)),
    }
}

fn not_sent(reason: Stayed) -> SendError {
    SendError::NotSent(Box::new(reason))
}

/// What the library's refusal means for the message.
fn outcome_of(error: &WireError) -> SendError {
    match error {
        WireError::InvalidRequest(_) => SendError::Refused { reason: "invalid-request".to_owned() },
        WireError::Iq(IqError::ServerError { code: code @ 400..=499, .. }) => {
            SendError::Refused { reason: refusal(&code.to_string()) }
        }
        // The stanza itself was on its way.
        WireError::Client(ClientError::Socket(_) | ClientError::EncryptSend(_)) => SendError::Unknown,
        WireError::NotLoggedIn | WireError::Client(ClientError::NotLoggedIn) => not_sent(Stayed::NotLoggedIn),
        WireError::Client(ClientError::NotConnected) => not_sent(Stayed::Library("the connection was lost")),
        WireError::Iq(_) => not_sent(Stayed::Library("a question to the network went unanswered")),
        _ => not_sent(Stayed::Library("it could not be encrypted or addressed")),
    }
}

/// The server's code as a stable word.
fn refusal(code: &str) -> String {
    match code {
        "463" => "privacy-token-missing".to_owned(),
        "479" => "malformed".to_owned(),
        other => format!("error-{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_stayed_may_be_sent_again_at_once() {
        assert!(matches!(outcome_of(&WireError::NotLoggedIn), SendError::NotSent(_)));
        assert!(matches!(outcome_of(&WireError::Client(ClientError::NotConnected)), SendError::NotSent(_)));
        assert!(matches!(outcome_of(&WireError::Iq(IqError::Timeout)), SendError::NotSent(_)));
        let gone = WireError::Iq(IqError::ServerError {
            code: 403,
            text: String::new(),
            error_type: None,
            backoff: None,
        });
        assert!(matches!(outcome_of(&gone), SendError::Refused { reason } if reason == "error-403"));
    }
}
