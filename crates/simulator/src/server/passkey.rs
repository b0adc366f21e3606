//! Linking under a passkey, the server's part: it asks for the passkey, checks what it signed, and carries the rest.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use wacore_binary::Node;

use super::connection::Connection;
use super::dispatch::Context;
use super::pairing::random_reference;
use crate::crypto::passkey::Passkey;
use crate::crypto::shortcake::Prologue;
use crate::state::network::{Network, now_seconds};
use crate::wire::address::server_jid;
use crate::wire::build::{bytes_element, element, iq_result};
use crate::wire::node::NodeExt;

/// The companions of which a passkey is asked, by connection.
#[derive(Default)]
pub(crate) struct Ceremonies(Mutex<HashMap<u64, Ceremony>>);

struct Ceremony {
    number: u64,
    passkey: Passkey,
    challenge: [u8; 32],
    /// What the companion asked for at the beginning of its answer.
    reference: Option<String>,
    /// What the phone shows.
    code: Option<String>,
    steps: mpsc::UnboundedSender<Step>,
}

/// What a companion says in the course of it, as the phone hears it.
pub(crate) enum Step {
    /// The passkey was used.
    Prologue(Prologue),
    /// The nonce it had fixed.
    Nonce([u8; 32]),
    /// The sealed end.
    Request(Vec<u8>),
}

/// A ceremony as a phone shows it.
pub(crate) struct Shown {
    pub(crate) connection: u64,
    pub(crate) code: Option<String>,
}

impl Ceremonies {
    /// Begins one. The receiver ends when the companion goes away.
    pub(crate) fn begin(
        &self,
        connection: &Connection,
        number: u64,
        passkey: Passkey,
    ) -> (String, mpsc::UnboundedReceiver<Step>) {
        let (steps, heard) = mpsc::unbounded_channel();
        let challenge = rand::random();
        let options = passkey.request_options(&challenge);
        let ceremony = Ceremony { number, passkey, challenge, reference: None, code: None, steps };
        self.0.lock().insert(connection.id, ceremony);
        (options, heard)
    }

    pub(crate) fn end(&self, connection: u64) {
        self.0.lock().remove(&connection);
    }

    /// The phone shows this from now on.
    pub(crate) fn show(&self, connection: u64, code: String) {
        if let Some(ceremony) = self.0.lock().get_mut(&connection) {
            ceremony.code = Some(code);
        }
    }

    /// What goes on at a phone.
    pub(crate) fn of(&self, number: u64) -> Vec<Shown> {
        let all = self.0.lock();
        let own = all.iter().filter(|(_, ceremony)| ceremony.number == number);
        let mut shown: Vec<_> =
            own.map(|(&connection, ceremony)| Shown { connection, code: ceremony.code.clone() }).collect();
        shown.sort_by_key(|shown| shown.connection);
        shown
    }
}

/// `<notification type=passkey_prologue_request>`.
pub(crate) fn request(network: &Network, options: &str) -> Node {
    notification(network, "passkey_prologue_request", bytes_element("passkey_request_options", options))
}

/// `<notification type=crsc_continuation>`: the phone's half of the exchange.
pub(crate) fn continuation(network: &Network, identity: Vec<u8>) -> Node {
    notification(network, "crsc_continuation", bytes_element("primary_ephemeral_identity", identity))
}

fn notification(network: &Network, kind: &'static str, child: Node) -> Node {
    element("notification")
        .attr("from", server_jid())
        .attr("type", kind)
        .attr("id", network.next_seq())
        .attr("t", now_seconds())
        .children([child])
        .build()
}

/// What a client says in the course of it.
const SAID: [&str; 5] =
    ["ref", "passkey_request_options", "passkey_prologue", "companion_nonce", "encrypted_pairing_request"];

/// Handles what an unlinked client says of a passkey; `false` if it says nothing of it.
pub(crate) fn take(context: &mut Context<'_>, stanza: &Node) -> bool {
    let Some(said) = stanza.all_children().first().filter(|said| SAID.contains(&said.tag.as_ref())) else {
        return false;
    };
    let answer = match context.network.offers.passkeys.0.lock().get_mut(&context.connection.id) {
        None => Err((404, "item-not-found")),
        Some(ceremony) => ceremony.answer(said),
    };
    match answer {
        Ok(children) => context.reply(iq_result(stanza, children)),
        Err((code, text)) => context.refuse(stanza, code, text),
    }
    true
}

type Refusal = (u16, &'static str);

const BAD: Refusal = (400, "bad-request");

impl Ceremony {
    fn answer(&mut self, said: &Node) -> Result<Option<Node>, Refusal> {
        match said.tag.as_ref() {
            "ref" => {
                let reference = self.reference.insert(random_reference());
                return Ok(Some(bytes_element("ref", reference.clone())));
            }
            "passkey_request_options" => {
                let options = self.passkey.request_options(&self.challenge);
                return Ok(Some(bytes_element("passkey_request_options", options)));
            }
            "passkey_prologue" => {
                let prologue = self.prologue(said)?;
                self.tell(Step::Prologue(prologue));
            }
            "companion_nonce" => self.tell(Step::Nonce(said.content_array().ok_or(BAD)?)),
            _ => self.tell(Step::Request(NodeExt::content_bytes(said).ok_or(BAD)?.to_vec())),
        }
        Ok(None)
    }

    fn prologue(&self, said: &Node) -> Result<Prologue, Refusal> {
        let part = |tag: &str| said.child(tag).and_then(NodeExt::content_bytes).ok_or(BAD);
        let checked =
            self.passkey.verify(&self.challenge, part("credential_id")?, part("webauthn_assertion")?);
        if let Err(error) = checked {
            tracing::debug!(%error, "a simulated passkey");
            return Err((401, "not-authorized"));
        }
        let prologue = Prologue::read(part("prologue_payload")?).map_err(|_| BAD)?;
        if self.reference.as_ref() == Some(&prologue.reference) { Ok(prologue) } else { Err(BAD) }
    }

    fn tell(&self, step: Step) {
        // A phone that gave up meanwhile hears nothing more.
        drop(self.steps.send(step));
    }
}
