//! Linking a companion of which WhatsApp asks a passkey: the phone holds it, and shows the code that the companion shows.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::Phone;
use crate::crypto::passkey::Passkey;
use crate::crypto::shortcake::{PrimaryHalf, ShortcakeError};
use crate::error::SimulatorError;
use crate::server::connection::Connection;
use crate::server::passkey::{Step, continuation, request};
use crate::state::account::Account;
use crate::state::network::Network;

/// How long the whole of it may take, before `speed`.
const PATIENCE: Duration = Duration::from_mins(3);
/// A companion keeps what belongs to a step a moment after the step was answered, and loses what comes before that; a real
/// phone is never so quick. This pause is never shortened.
const A_MOMENT: Duration = Duration::from_millis(120);

/// A companion that is being linked under a passkey, as the phone shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasskeyPrompt {
    /// The companion's connection, as `GET /connections` lists it.
    pub connection: u64,
    /// Eight characters with a dash, which the companion shows too; none until the passkey was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Phone {
    /// Uses the phone's passkey: takes WebAuthn request options (`PublicKeyCredentialRequestOptions` as JSON) and gives the
    /// assertion as a browser at WhatsApp's own site would write it.
    pub fn use_passkey(&self, options: &Value) -> Result<Value, SimulatorError> {
        let passkey = passkey_of(&self.network, &self.account)?;
        passkey.assert(options).map_err(|error| SimulatorError::Invalid(error.to_string()))
    }

    /// The companions of which a passkey is asked now.
    pub fn passkey_prompts(&self) -> Vec<PasskeyPrompt> {
        let shown = self.network.offers.passkeys.of(self.account.number).into_iter();
        shown.map(|shown| PasskeyPrompt { connection: shown.connection, code: shown.code }).collect()
    }
}

/// The passkey of a phone; it is made when it is first needed, and kept.
fn passkey_of(network: &Network, account: &Account) -> Result<Passkey, SimulatorError> {
    network.keep(&format!("passkey {}", account.number), Passkey::generate)
}

/// Asks the companion for the passkey and goes through the exchange of keys. Gives the companion's new secret.
pub(super) async fn ask(
    network: &Network,
    account: &Account,
    connection: &Arc<Connection>,
    identity: &[u8; 32],
) -> Result<[u8; 32], SimulatorError> {
    let passkey = passkey_of(network, account)?;
    let (options, mut steps) = network.offers.passkeys.begin(connection, account.number, passkey);
    connection.send(request(network, &options));
    let exchange = exchange(network, connection, identity, &mut steps);
    let done = tokio::time::timeout(network.config.wait(PATIENCE), exchange).await;
    network.offers.passkeys.end(connection.id);
    let secret = done.unwrap_or_else(|_| failed("the passkey was not used in time"))?;
    tokio::time::sleep(A_MOMENT).await;
    Ok(secret)
}

async fn exchange(
    network: &Network,
    connection: &Connection,
    identity: &[u8; 32],
    steps: &mut mpsc::UnboundedReceiver<Step>,
) -> Result<[u8; 32], SimulatorError> {
    let Step::Prologue(prologue) = next(steps).await? else { return out_of_turn() };
    let half = PrimaryHalf::generate(&mut rand::rng());
    tokio::time::sleep(A_MOMENT).await;
    connection.send(continuation(network, half.identity()));
    let Step::Nonce(nonce) = next(steps).await? else { return out_of_turn() };
    network
        .offers
        .passkeys
        .show(connection.id, half.code(&prologue, &nonce).map_err(|error| broken(&error))?);
    let Step::Request(sealed) = next(steps).await? else { return out_of_turn() };
    let said = half.open(&prologue, &sealed).map_err(|error| broken(&error))?;
    if connection.client_static.get() != Some(&said.noise_public) || said.identity_public != *identity {
        return failed("it named other keys in its pairing request than before");
    }
    Ok(said.adv_secret)
}

async fn next(steps: &mut mpsc::UnboundedReceiver<Step>) -> Result<Step, SimulatorError> {
    steps.recv().await.ok_or_else(|| SimulatorError::PairingFailed("it went away".to_owned()))
}

fn broken(error: &ShortcakeError) -> SimulatorError {
    SimulatorError::PairingFailed(error.to_string())
}

fn out_of_turn<T>() -> Result<T, SimulatorError> {
    failed("it spoke out of turn while a passkey was asked")
}

fn failed<T>(why: &str) -> Result<T, SimulatorError> {
    Err(SimulatorError::PairingFailed(why.to_owned()))
}
