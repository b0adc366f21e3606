//! The operations, a file each.

mod check_phone;
mod check_phones;
mod coverage;
mod disconnect;
mod get_device;
mod get_me;
mod get_phone_code;
mod get_qr_code;
mod get_qr_code_image;
mod get_status;
mod restart;
mod restore_session;
mod send_text;
mod update_name;

pub(super) use coverage::sections;

use super::door::InInstance;
use super::errors::Refused;
use super::translate;
use super::wire::link::Linking;
use crate::frame::body::Sent;
use crate::frame::guest::Links;
use enlace_domain::link::Qr;
use enlace_domain::session::Refusal;
use enlace_sessions::{GatewayError, KeyError};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// How long a client waits for the first QR.
const WAIT: Duration = Duration::from_secs(10);

/// The newest QR, or what is answered in its place. Every ask counts as somebody looking.
async fn look(session: &InInstance<Links>) -> Result<Result<Arc<Qr>, Linking>, Refused> {
    // While a passkey is asked for there is no QR to wait for.
    let wait = if challenge(session).is_some() { Duration::ZERO } else { WAIT };
    let looked = session.while_key_lives(session.by().qr(session.id(), wait)).await;
    match (looked, challenge(session)) {
        (Ok(_) | Err(KeyError::Failed(_)), Some(challenge)) => Ok(Err(challenge)),
        (Ok(qr), None) => Ok(Ok(qr)),
        (Err(error), _) => instead(error).map(Err),
    }
}

/// The passkey that is asked for, if one is.
fn challenge(session: &InInstance<Links>) -> Option<Linking> {
    let passkey = session.gateway().passkey(session.id()).ok()?;
    Some(Linking::Challenge { challenge: passkey.options.clone() })
}

/// What is no error to who wants to link: it is linked, or will be in a moment.
fn instead(error: KeyError) -> Result<Linking, Refused> {
    match error {
        KeyError::Failed(GatewayError::Refused(Refusal::AlreadyLinked)) => {
            Ok(Linking::Connected { connected: true })
        }
        KeyError::Failed(GatewayError::Refused(Refusal::Pairing)) => {
            Ok(Linking::Connected { connected: false })
        }
        error => Err(error.into()),
    }
}

/// The members of a body. An empty one has none, whatever it says it is.
fn members(sent: Sent) -> Result<Map<String, Value>, Refused> {
    match sent {
        Sent::Form(_) | Sent::Unreadable => Err(Refused::no_json_type()),
        Sent::NoJson => Err(Refused::invalid("Invalid JSON")),
        Sent::Nothing | Sent::Json(_) => Ok(sent.members()),
    }
}
