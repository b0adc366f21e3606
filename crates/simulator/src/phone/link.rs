//! Linking a companion: by its QR, or by typing its code.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use wacore_binary::Node;

use super::{Phone, passkey};
use crate::crypto::adv::{LinkGrant, LinkTerms, grant_link};
use crate::crypto::pairing_code::{CodeError, PairingCode, answer_companion_hello};
use crate::crypto::qr::PairingQr;
use crate::error::SimulatorError;
use crate::faults::{Fault, FaultKind, LinkStep, Target};
use crate::server::code::Typing;
use crate::server::connection::Connection;
use crate::server::pairing::{Claim, Reference};
use crate::server::unlink::stream_error;
use crate::state::account::{Account, Device, Facts};
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::state::records::DeviceRecord;
use crate::wire::address::server_jid;
use crate::wire::build::{bytes_element, element};
use crate::wire::node::NodeExt;

/// How long a companion may take to sign, or to finish a code.
const PATIENCE: Duration = Duration::from_mins(1);
/// Cryptography takes its time at any speed.
const PATIENCE_AT_LEAST: Duration = Duration::from_secs(5);
/// Clients lose a 515 that comes at once; this pause is never shortened.
const BEFORE_RESTART: Duration = Duration::from_millis(120);

/// Addresses hold a device number in one byte, and 0 is the phone.
const MAX_DEVICE: u16 = 255;

/// A prompt on a phone: somebody asks to be linked by code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkPrompt {
    /// The connection that asks, as `GET /connections` lists it.
    pub connection: u64,
    /// What the companion calls itself.
    pub name: String,
    /// RFC 3339, UTC, milliseconds.
    pub since: String,
    /// Seconds for which the code can still be typed.
    pub seconds_left: u64,
}

/// What a link is made of, once QR or code said it.
struct Proposal {
    connection: Arc<Connection>,
    identity: [u8; 32],
    adv_secret: [u8; 32],
    name: String,
    /// The reference of the scanned QR.
    used: Option<String>,
    /// What is offered again when the companion refuses.
    taken: HashMap<String, Reference>,
}

impl Phone {
    /// Scans the text of a QR. Gives the companion's device number once the companion signed. Runs to its end also when
    /// the caller goes away.
    pub async fn scan(&self, qr: &str) -> Result<u16, SimulatorError> {
        let qr = PairingQr::parse(qr).map_err(|error| SimulatorError::InvalidQr(error.to_string()))?;
        let Claim { connection, taken } = self.network.offers.claim(&qr.reference, &qr.noise_public)?;
        let name = connection.registration.get().map(|said| said.name.clone()).unwrap_or_default();
        let (identity, adv_secret) = (qr.identity_public, qr.adv_secret);
        let used = Some(qr.reference);
        self.link(Proposal { connection, identity, adv_secret, name, used, taken }).await
    }

    /// Types a pairing code. Gives the companion's device number once the companion signed; a wrong code shows when the
    /// companion finished its half. If several companions wait, the newest is tried first. Runs to its end also when the
    /// caller goes away.
    pub async fn enter_code(&self, code: &str) -> Result<u16, SimulatorError> {
        let code = PairingCode::parse(code).map_err(|_| SimulatorError::InvalidCode)?;
        let phone = self.clone();
        let task = self.network.tasks.spawn(async move { phone.try_prompts(&code).await });
        task.await.map_err(|_| SimulatorError::ShuttingDown)?
    }

    async fn try_prompts(&self, code: &PairingCode) -> Result<u16, SimulatorError> {
        let mut outcome = Err(SimulatorError::NoCodePending);
        for (reference, turn) in self.network.offers.turns(self.account.number) {
            let _one_at_a_time = turn.lock().await;
            // It may be gone since: linked, out of time, or hung up.
            let Some(typing) = self.network.offers.type_code(&reference) else { continue };
            outcome = self.answer_prompt(code.clone(), typing).await;
            if !matches!(outcome, Err(SimulatorError::WrongCode)) {
                break;
            }
        }
        outcome
    }

    async fn answer_prompt(&self, code: PairingCode, typing: Typing) -> Result<u16, SimulatorError> {
        let wrapped = typing.wrapped;
        let answer = blocking(move || answer_companion_hello(&code, &wrapped, &mut rand::rng())).await?;
        let (wrapped, exchange) = answer.map_err(|error| code_error(&error))?;
        let account_keys = self.account.phone.lock().signal.identity().clone();
        let hello = primary_hello(&self.network, wrapped, account_keys.public, typing.reference);
        typing.connection.send(hello);
        let patience = self.network.config.wait(PATIENCE).max(PATIENCE_AT_LEAST);
        let finish = tokio::time::timeout(patience, typing.finish)
            .await
            .map_err(|_| SimulatorError::PairingFailed("it did not answer the typed code".to_owned()))?
            .map_err(|_| SimulatorError::PairingFailed("it went away".to_owned()))?;
        let adv_secret = exchange
            .open_bundle(&account_keys, &finish.bundle, &finish.identity)
            .map_err(|error| code_error(&error))?;
        if dies_at(&self.network, &self.account, &typing.connection, LinkStep::Scanned) {
            return Err(died());
        }
        self.network.offers.forget(typing.connection.id);
        let name = typing.display;
        let (connection, identity, taken) = (typing.connection, finish.identity, HashMap::new());
        self.link(Proposal { connection, identity, adv_secret, name, used: None, taken }).await
    }

    /// The companions that wait for a code to be typed, newest last.
    pub fn link_prompts(&self) -> Vec<LinkPrompt> {
        let prompts = self.network.offers.prompts(self.account.number);
        prompts
            .into_iter()
            .map(|prompt| LinkPrompt {
                connection: prompt.connection,
                name: prompt.display,
                since: super::rfc3339(prompt.since),
                seconds_left: prompt.seconds_left,
            })
            .collect()
    }

    async fn link(&self, proposal: Proposal) -> Result<u16, SimulatorError> {
        let (network, account) = (Arc::clone(&self.network), Arc::clone(&self.account));
        let task = self.network.tasks.spawn(async move { link(&network, &account, proposal).await });
        task.await.map_err(|_| SimulatorError::ShuttingDown)?
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SimulatorError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SimulatorError::ShuttingDown)
}

fn code_error(error: &CodeError) -> SimulatorError {
    match error {
        CodeError::Malformed => SimulatorError::InvalidCode,
        CodeError::WrongCode => SimulatorError::WrongCode,
        other => SimulatorError::PairingFailed(other.to_string()),
    }
}

fn primary_hello(network: &Network, wrapped: [u8; 80], identity: [u8; 32], reference: Vec<u8>) -> Node {
    let hello = element("link_code_companion_reg")
        .attr("stage", "primary_hello")
        .children([
            bytes_element("link_code_pairing_wrapped_primary_ephemeral_pub", wrapped),
            bytes_element("primary_identity_pub", identity),
            bytes_element("link_code_pairing_ref", reference),
        ])
        .build();
    element("notification")
        .attr("from", server_jid())
        .attr("type", "link_code_companion_reg")
        .attr("id", network.next_seq())
        .attr("t", now_seconds())
        .children([hello])
        .build()
}

/// Signs the companion in, waits for its signature, and sends it through its obligatory restart.
async fn link(
    network: &Arc<Network>,
    account: &Arc<Account>,
    proposal: Proposal,
) -> Result<u16, SimulatorError> {
    let connection = Arc::clone(&proposal.connection);
    if let Some(used) = &proposal.used
        && dies_at(network, account, &connection, LinkStep::Scanned)
    {
        // What was scanned is used up; the QRs after it are as good as ever.
        let mut rest = proposal.taken;
        rest.remove(used);
        network.offers.give_back(rest);
        return Err(died());
    }
    let proposal = under_passkey(network, account, proposal).await?;
    let (device, grant) = propose(network, account, &proposal)?;
    let answer = ask_to_sign(account, device, &grant, &connection).await;
    let accepted = answer.and_then(|answer| {
        let identity = answer.child("pair-device-sign").and_then(|sign| sign.child("device-identity"));
        let identity = identity.and_then(NodeExt::content_bytes).unwrap_or_default();
        grant.accept(identity).map_err(|error| SimulatorError::PairingFailed(error.to_string()))
    });
    let device_identity = match accepted {
        Ok(identity) => identity,
        Err(error) => {
            // A companion that went away may have taken its new identity along and log in with it: it stays unseen until
            // then. One that refused is out.
            if connection_is_open(network, &connection) {
                withdraw(network, account, device)?;
                network.offers.give_back(proposal.taken);
            }
            return Err(error);
        }
    };
    let linked = if dies_at(network, account, &connection, LinkStep::Accepted) {
        withdraw(network, account, device)?;
        Err(died())
    } else {
        if confirm(network, account, device, device_identity)? {
            network.announce_devices(account, device, true)?;
        }
        Ok(device)
    };
    restart(network, account, device, connection);
    linked
}

/// A fault: WhatsApp asks for a passkey before this link goes on, and the companion takes a new secret with it.
async fn under_passkey(
    network: &Network,
    account: &Account,
    proposal: Proposal,
) -> Result<Proposal, SimulatorError> {
    let connection = &proposal.connection;
    let target = Target::phone(account.number, connection.id);
    if network.faults.take(FaultKind::DemandPasskey, &target).is_none() {
        return Ok(proposal);
    }
    match passkey::ask(network, account, connection, &proposal.identity).await {
        Ok(adv_secret) => Ok(Proposal { adv_secret, ..proposal }),
        Err(error) => {
            if connection_is_open(network, connection) {
                network.offers.give_back(proposal.taken);
            }
            Err(error)
        }
    }
}

/// Sends the companion through its obligatory restart.
fn restart(network: &Network, account: &Account, device: u16, connection: Arc<Connection>) {
    let closing = network.closing.clone();
    let held =
        network.faults.take(FaultKind::HoldRestart, &Target::device(account.number, device, connection.id));
    let pause = BEFORE_RESTART + Duration::from_secs(held.map_or(0, |fault| fault.seconds.unwrap_or(5)));
    network.tasks.spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(pause) => connection.end(Some(stream_error(515))),
            () = closing.cancelled() => {}
        }
    });
}

/// A fault: whether the phone dies at this step of a link.
fn dies_at(network: &Network, account: &Account, connection: &Connection, step: LinkStep) -> bool {
    let target = Target::phone(account.number, connection.id);
    let here = |fault: &Fault| fault.step.unwrap_or_default() == step;
    network.faults.take_if(FaultKind::AbandonLink, &target, here).is_some()
}

fn died() -> SimulatorError {
    SimulatorError::PairingFailed("the phone was to die in the middle of it".to_owned())
}

fn connection_is_open(network: &Network, connection: &Connection) -> bool {
    network.connections.get(connection.id).is_some()
}

/// A number no companion has, from the one given last onwards: a number comes back as late as possible, when others have
/// long forgotten who had it.
fn free_number(facts: &Facts) -> Result<u16, SimulatorError> {
    (facts.record.last_device + 1..=MAX_DEVICE)
        .chain(1..=MAX_DEVICE)
        .find(|number| !facts.devices.contains_key(number))
        .ok_or(SimulatorError::TooManyDevices)
}

/// Gives the companion its number and key index, unseen by others until it confirms.
fn propose(
    network: &Network,
    account: &Account,
    proposal: &Proposal,
) -> Result<(u16, LinkGrant), SimulatorError> {
    let keys = account.phone.lock().signal.identity().clone();
    let noise_public =
        *proposal.connection.client_static.get().ok_or(SimulatorError::DeadQr("no handshake"))?;
    let said = proposal.connection.registration.get().filter(|said| said.identity == proposal.identity);
    let mut batch = Batch::new();
    let mut facts = account.facts.lock();
    let device = free_number(&facts)?;
    facts.record.last_device = device;
    facts.record.last_key_index += 1;
    let terms = LinkTerms {
        raw_id: facts.record.raw_id,
        key_index: facts.record.last_key_index,
        timestamp: now_seconds(),
    };
    let grant = grant_link(&keys, &proposal.identity, &proposal.adv_secret, terms, &mut rand::rng());
    let record = DeviceRecord {
        noise_public,
        identity: proposal.identity,
        registration_id: said.map_or(0, |said| said.signal_id),
        signed_prekey: said.map(|said| said.signed_prekey.clone()),
        key_index: terms.key_index,
        device_identity: Vec::new(),
        name: proposal.name.clone(),
        linked_at: terms.timestamp,
        confirmed: false,
        welcomed: false,
        // A client that registers by a placeholder login tells nothing of itself; the ones that do so take it inline.
        inline_history: said.is_none_or(|said| said.inline_history),
    };
    batch.put(Table::Account, &Key::account(account.number), &facts.record);
    batch.put(Table::Device, &Key::account(account.number).device(device), &record);
    facts.devices.insert(device, Device::new(record));
    let ticket = network.journal.append(&batch);
    drop(facts);
    network.journal.commit(ticket)?;
    Ok((device, grant))
}

async fn ask_to_sign(
    account: &Account,
    device: u16,
    grant: &LinkGrant,
    connection: &Arc<Connection>,
) -> Result<Node, SimulatorError> {
    let success = element("pair-success")
        .children([
            bytes_element("device-identity", grant.container.clone()),
            element("device")
                .attr("jid", account.pn().with_device(device))
                .attr("lid", account.lid_jid().with_device(device))
                .build(),
            element("platform").attr("name", "android").build(),
        ])
        .build();
    let id = connection.next_id();
    let iq = element("iq")
        .attr("from", server_jid())
        .attr("type", "set")
        .attr("id", id.as_str())
        .attr("xmlns", "md")
        .attr("t", now_seconds())
        .children([success])
        .build();
    let answer = tokio::time::timeout(PATIENCE, connection.request(id, iq))
        .await
        .map_err(|_| SimulatorError::PairingFailed("it did not sign in time".to_owned()))?
        .map_err(|_| SimulatorError::PairingFailed("it went away".to_owned()))?;
    if answer.attr("type").as_deref() == Some("error") {
        return Err(SimulatorError::PairingFailed("it refused the phone's signature".to_owned()));
    }
    Ok(answer)
}

fn withdraw(network: &Network, account: &Account, device: u16) -> Result<(), SimulatorError> {
    let mut batch = Batch::new();
    batch.delete(Table::Device, &Key::account(account.number).device(device));
    let mut facts = account.facts.lock();
    facts.devices.remove(&device);
    let ticket = network.journal.append(&batch);
    drop(facts);
    network.journal.commit(ticket)
}

/// The companion signed. Gives whether others can encrypt to it already.
fn confirm(
    network: &Network,
    account: &Account,
    device: u16,
    device_identity: Vec<u8>,
) -> Result<bool, SimulatorError> {
    let mut batch = Batch::new();
    let mut facts = account.facts.lock();
    let companion = facts.devices.get_mut(&device).ok_or(SimulatorError::UnknownDevice(device))?;
    companion.record.confirmed = true;
    companion.record.device_identity = device_identity;
    let reachable = companion.record.reachable();
    batch.put(Table::Device, &Key::account(account.number).device(device), &companion.record);
    let ticket = network.journal.append(&batch);
    drop(facts);
    network.journal.commit(ticket)?;
    Ok(reachable)
}
