//! Linking by code, the server's part: it carries what companion and phone say to each other and understands none of it.

use std::sync::Arc;
use std::time::Instant;

use rand::RngExt as _;
use tokio::sync::oneshot;
use wacore_binary::Node;

use super::connection::Connection;
use super::dispatch::Context;
use super::pairing::Offers;
use super::registration::is_known_companion;
use crate::faults::{Fault, FaultKind, Target};
use crate::state::network::now_seconds;
use crate::wire::build::{bytes_element, element, iq_error_for, iq_result};
use crate::wire::node::NodeExt;

/// A companion that waits for its code to be typed on a phone.
pub(crate) struct PendingCode {
    pub(crate) connection: Arc<Connection>,
    pub(crate) number: u64,
    pub(crate) reference: Vec<u8>,
    /// `link_code_pairing_wrapped_companion_ephemeral_pub`.
    pub(crate) wrapped: Vec<u8>,
    /// What the companion calls itself.
    pub(crate) display: String,
    /// Unix seconds.
    pub(crate) since: u64,
    pub(crate) until: Instant,
    finish: Option<oneshot::Sender<Finish>>,
    turn: Turn,
}

/// Held by whoever types into a prompt: the companion answers one code at a time.
pub(crate) type Turn = Arc<tokio::sync::Mutex<()>>;

/// What a companion says once the code was typed.
pub(crate) struct Finish {
    pub(crate) bundle: Vec<u8>,
    pub(crate) identity: [u8; 32],
}

/// A prompt on a phone, as lists show it.
pub(crate) struct Prompt {
    pub(crate) connection: u64,
    pub(crate) display: String,
    pub(crate) since: u64,
    pub(crate) seconds_left: u64,
}

/// What a phone needs to answer a companion.
pub(crate) struct Typing {
    pub(crate) connection: Arc<Connection>,
    pub(crate) reference: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
    pub(crate) display: String,
    pub(crate) finish: oneshot::Receiver<Finish>,
}

impl Offers {
    /// The prompts on a phone, newest last.
    pub(crate) fn prompts(&self, number: u64) -> Vec<Prompt> {
        let now = Instant::now();
        let mut codes = self.codes.lock();
        codes.retain(|code| code.until > now);
        codes
            .iter()
            .filter(|code| code.number == number)
            .map(|code| Prompt {
                connection: code.connection.id,
                display: code.display.clone(),
                since: code.since,
                seconds_left: (code.until - now).as_secs(),
            })
            .collect()
    }

    /// The prompts on a phone, newest first: the reference of each, and the lock of whoever types into it.
    pub(crate) fn turns(&self, number: u64) -> Vec<(Vec<u8>, Turn)> {
        let codes = self.codes.lock();
        let waiting = codes.iter().rev().filter(|code| code.number == number);
        waiting.map(|code| (code.reference.clone(), Arc::clone(&code.turn))).collect()
    }

    /// Begins to answer a prompt, if it is still there.
    pub(crate) fn type_code(&self, reference: &[u8]) -> Option<Typing> {
        let now = Instant::now();
        let mut codes = self.codes.lock();
        codes.retain(|code| code.until > now);
        let pending = codes.iter_mut().find(|code| code.reference == reference)?;
        let (sender, finish) = oneshot::channel();
        pending.finish = Some(sender);
        Some(Typing {
            connection: Arc::clone(&pending.connection),
            reference: pending.reference.clone(),
            wrapped: pending.wrapped.clone(),
            display: pending.display.clone(),
            finish,
        })
    }
}

/// Handles `<link_code_companion_reg>` of an unlinked client.
pub(crate) fn take(context: &mut Context<'_>, stanza: &Node) {
    let Some(request) = stanza.child("link_code_companion_reg") else {
        return context.done(stanza);
    };
    match request.attr("stage").as_deref() {
        Some("companion_hello") => hello(context, stanza, request),
        Some("companion_finish") => finish(context, stanza, request),
        _ => context.refuse(stanza, 400, "bad-request"),
    }
}

fn hello(context: &mut Context<'_>, stanza: &Node, request: &Node) {
    let wrapped = request.child("link_code_pairing_wrapped_companion_ephemeral_pub");
    let (Some(jid), Some(wrapped)) = (request.attr_jid("jid"), wrapped.and_then(NodeExt::content_bytes))
    else {
        return context.refuse(stanza, 400, "bad-request");
    };
    let platform = request.child("companion_platform_id").and_then(NodeExt::content_text);
    let display = request.child("companion_platform_display").and_then(NodeExt::content_text);
    if !is_known_companion(platform, display) {
        return context.refuse(stanza, 400, "bad-request");
    }
    let Some(resolved) = context.network.directory.resolve(&jid) else {
        return context.refuse(stanza, 404, "item-not-found");
    };
    let number = resolved.account.number;
    let target = Target::phone(number, context.connection.id);
    if let Some(fault) = context.network.faults.take(FaultKind::RefuseCode, &target) {
        return context.reply(refusal(stanza, &fault));
    }
    let reference = random_reference();
    let life = std::time::Duration::from_secs(context.network.config.code_seconds);
    let pending = PendingCode {
        connection: Arc::clone(context.connection),
        number,
        reference: reference.clone(),
        wrapped: wrapped.to_vec(),
        display: display.unwrap_or_default().to_owned(),
        since: now_seconds(),
        until: Instant::now() + context.network.config.wait(life),
        finish: None,
        turn: Turn::default(),
    };
    let mut codes = context.network.offers.codes.lock();
    codes.retain(|code| code.connection.id != context.connection.id);
    codes.push(pending);
    drop(codes);
    let answer = element("link_code_companion_reg")
        .attr("stage", "companion_hello")
        .children([bytes_element("link_code_pairing_ref", reference)])
        .build();
    context.reply(iq_result(stanza, [answer]));
}

/// What WhatsApp answers in place of a code.
fn refusal(stanza: &Node, fault: &Fault) -> Node {
    let code = fault.code.unwrap_or(429);
    let text = match code {
        400 => "bad-request",
        401 => "not-authorized",
        403 => "forbidden",
        404 => "item-not-found",
        406 => "not-acceptable",
        500.. => "internal-server-error",
        _ => "rate-overlimit",
    };
    iq_error_for(stanza, code, text, fault.seconds)
}

fn finish(context: &mut Context<'_>, stanza: &Node, request: &Node) {
    let bundle = request.child("link_code_pairing_wrapped_key_bundle").and_then(NodeExt::content_bytes);
    let identity = request.child("companion_identity_public").and_then(NodeExt::content_array::<32>);
    let reference = request.child("link_code_pairing_ref").and_then(NodeExt::content_bytes);
    let (Some(bundle), Some(identity), Some(reference)) = (bundle, identity, reference) else {
        return context.refuse(stanza, 400, "bad-request");
    };
    let mut codes = context.network.offers.codes.lock();
    let waiting = codes
        .iter_mut()
        .find(|code| code.connection.id == context.connection.id && code.reference == reference)
        .and_then(|code| code.finish.take());
    drop(codes);
    let Some(waiting) = waiting else {
        return context.refuse(stanza, 404, "item-not-found");
    };
    context.done(stanza);
    drop(waiting.send(Finish { bundle: bundle.to_vec(), identity }));
}

/// Bytes that clients read as text: some keep it as such.
fn random_reference() -> Vec<u8> {
    let bytes: [u8; 16] = rand::rng().random();
    hex::encode(bytes).into_bytes()
}
