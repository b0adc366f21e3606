//! The operations, a file each.

pub(super) mod check_number;
pub(super) mod create_device;
pub(super) mod delete_device;
pub(super) mod get_device;
pub(super) mod get_health;
pub(super) mod list_devices;
pub(super) mod open_picture;
pub(super) mod reboot_device;
pub(super) mod request_auth_code;
pub(super) mod reset_device;
pub(super) mod scan_qr;
pub(super) mod send_message;
pub(super) mod start_device;
pub(super) mod sync_device;
pub(super) mod update_device;

use super::errors::Refused;
use super::{Wassenger, translate};
use crate::frame::guest::{Guest, InSession};
use axum::http::{HeaderName, StatusCode, header};
use enlace_domain::session::{Session, StateName};
use enlace_sessions::GatewayError;
use std::sync::Arc;
use std::time::Duration;

/// How long a client waits for the first QR, or for the network to take a code or a message.
const WAIT: Duration = Duration::from_secs(10);
/// How long `wait=true` waits at most, as the vendor does.
const SETTLES_WITHIN: Duration = Duration::from_secs(90);
/// How often a session is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What must not stay in a cache: QRs and codes.
const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// The device that is named, else the only one within reach, else the first that is online.
fn sender<N>(guest: &Guest<Wassenger, N>, name: Option<&str>) -> Result<Arc<Session>, Refused> {
    if let Some(name) = name {
        return guest.session(name).map_err(Refused::from);
    }
    let reached = guest.sessions();
    if let [only] = reached.as_slice() {
        return Ok(Arc::clone(only));
    }
    let online = reached.into_iter().find(|session| session.state.name == StateName::Online);
    online.ok_or_else(|| Refused::new(StatusCode::CONFLICT, "No device is online. Name one in `device`"))
}

/// Waits until a device is connected, or waits for a person, or rests. Who waited in vain is told how it is.
async fn settled<N>(session: &InSession<Wassenger, N>) -> Result<(), Refused> {
    let settles = async {
        while is_under_way(session.now()?.state.name) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok::<_, GatewayError>(())
    };
    let in_time = async { tokio::time::timeout(SETTLES_WITHIN, settles).await.unwrap_or(Ok(())) };
    session.while_key_lives(in_time).await.map_err(Refused::from)
}

fn is_under_way(state: StateName) -> bool {
    matches!(state, StateName::Connecting | StateName::Pairing | StateName::Reconnecting | StateName::Stalled)
}
