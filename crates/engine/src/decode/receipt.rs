//! Receipts that say how far a message of ours got. All others (our own devices', retries, history) say nothing to a
//! session.

use super::person;
use enlace_domain::message::Status;
use enlace_domain::port::Receipt;
use wacore::types::events::Receipt as WireReceipt;
use wacore::types::presence::ReceiptType;
use wacore_binary::Jid as WireJid;
use whatsapp_rust::Client;

/// A receipt whose giver's other address has not been looked up yet.
pub(crate) struct Incomplete {
    receipt: Receipt,
    given: WireJid,
    alternative: Option<WireJid>,
}

/// Reads what can be read without waiting.
pub(crate) fn read(client: &Client, wire: &WireReceipt) -> Option<Incomplete> {
    let status = status(&wire.r#type)?;
    if person::is_self(client, &wire.source.sender) || wire.message_ids.is_empty() {
        return None;
    }
    let receipt = Receipt {
        wa_ids: wire.message_ids.iter().map(ToString::to_string).collect(),
        status,
        by: person::jid(&wire.source.sender)?,
        at: wire.timestamp,
    };
    Some(Incomplete {
        receipt,
        given: wire.source.sender.clone(),
        alternative: wire.source.sender_alt.clone(),
    })
}

impl Incomplete {
    /// With the giver's number, where known.
    pub(crate) async fn complete(self, client: &Client) -> Receipt {
        let person = person::person(client, &self.given, self.alternative.as_ref()).await;
        let by = person.preferred().cloned().unwrap_or(self.receipt.by);
        Receipt { by, ..self.receipt }
    }
}

/// `inactive` is a receipt of a companion that shows itself offline: the phone's own says when it was delivered.
fn status(kind: &ReceiptType) -> Option<Status> {
    match kind {
        ReceiptType::Delivered => Some(Status::Delivered),
        ReceiptType::Read => Some(Status::Read),
        ReceiptType::Played => Some(Status::Played),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_recipients_own_progress_counts() {
        let read = |wire: &str| status(&ReceiptType::parse(wire));
        assert_eq!(read("delivery"), Some(Status::Delivered));
        assert_eq!(read("read"), Some(Status::Read));
        assert_eq!(read("played"), Some(Status::Played));
        for other in [
            "sender",
            "inactive",
            "retry",
            "read-self",
            "played-self",
            "peer_msg",
            "hist_sync",
            "sent",
            "new",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
