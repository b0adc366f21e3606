//! Passkeys. The library makes the exchange; what an authenticator signs comes from outside, because no gateway holds
//! anybody's passkey.

use crate::shared::Shared;
use enlace_domain::port::whatsapp::PasskeyAssertion;
use enlace_domain::port::{ConnectionEvent, EngineError};
use serde_json::Value;
use std::sync::Arc;
use wacore::types::events::Event;
use whatsapp_rust::Client;
use whatsapp_rust::passkey::{Assertion, PasskeyError};

/// Tells what the library says of a passkey.
pub(crate) fn happened(shared: &Shared, event: &Event) {
    match event {
        Event::PairPasskeyRequest(request) => {
            let text = &request.request_options_json;
            let options = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
            shared.tell(ConnectionEvent::PasskeyRequested { options });
        }
        Event::PairPasskeyConfirmation(confirmation) => {
            let code = confirmation.code.as_str().into();
            // The number that a simulated row is seeded with makes the library take a first link for one made again.
            let compare = shared.simulated || !confirmation.skip_handoff_ux;
            shared.tell(ConnectionEvent::PasskeyCode { code, compare });
        }
        // The request could not be fetched, or the exchange broke: the library has nothing left of it.
        Event::PairPasskeyError(_) => shared.pair_failed("passkey-failed", false),
        _ => {}
    }
}

/// Sends what the authenticator signed, and returns after the network believed it.
pub(crate) async fn answer(
    client: &Arc<Client>,
    shared: &Shared,
    assertion: &PasskeyAssertion,
) -> Result<(), EngineError> {
    let assertion = Assertion {
        assertion_json: assertion.json.clone().into_bytes(),
        credential_id: assertion.credential_id.clone(),
    };
    until_the_end(shared, client.send_passkey_response(assertion)).await
}

/// Somebody compared the code.
pub(crate) async fn confirm(client: &Arc<Client>, shared: &Shared) -> Result<(), EngineError> {
    until_the_end(shared, client.send_passkey_confirmation()).await
}

async fn until_the_end(
    shared: &Shared,
    step: impl Future<Output = Result<(), PasskeyError>>,
) -> Result<(), EngineError> {
    let done = tokio::select! {
        done = step => done,
        () = shared.abandoned.cancelled() => return Err(EngineError::Ended),
        () = shared.ended.cancelled() => return Err(EngineError::Ended),
    };
    done.map_err(|error| {
        // The library has the network's word in its text only.
        tracing::debug!(session = %shared.session, %error, "a passkey was not taken");
        if shared.is_ending() { EngineError::Ended } else { EngineError::PasskeyRefused }
    })
}
