//! The operations, a file each.

mod check_number;
mod create_whatsapp;
mod delete_whatsapp;
mod get_qrcode;
mod get_whatsapp;
mod list_whatsapps;
mod log_out_session;
mod request_pairing_code;
mod restart_whatsapp;
mod send_message;
mod shut_down_whatsapp;
mod start_session;
mod update_whatsapp;

use super::errors::{self, Refused};
use super::wire::whatsapp::Whatsapp;
use super::{PressTicket, translate};
use crate::frame::guest::Guest;
use crate::frame::operation::{Method, Section};
use enlace_domain::id::SessionId;
use enlace_domain::key::Scope;

const HELP_DESK: &str = "a help desk's: a gateway has no tickets, queues or users";

/// Everything, in the order of the contract.
pub(super) fn sections() -> Vec<Section> {
    use Method::{Delete, Get, Post, Put};
    vec![
        Section::new("Connections and sessions")
            .supported(Get, "/v1/whatsapp", list_whatsapps::handler)
            .supported(Post, "/v1/whatsapp", create_whatsapp::handler)
            .supported(Get, "/v1/whatsapp/{id}", get_whatsapp::handler)
            .supported(Put, "/v1/whatsapp/{id}", update_whatsapp::handler)
            .supported(Delete, "/v1/whatsapp/{id}", delete_whatsapp::handler)
            .supported(Get, "/v1/whatsapp/{id}/qrcode", get_qrcode::handler)
            .supported(Post, "/v1/whatsapp/{id}/restart", restart_whatsapp::handler)
            .supported(Post, "/v1/whatsapp/{id}/shutdown", shut_down_whatsapp::handler)
            .supported(Post, "/v1/whatsapp/{id}/request-pairing-code", request_pairing_code::handler)
            .supported(Post, "/v1/whatsappsession/{id}", start_session::handler)
            .supported(Put, "/v1/whatsappsession/{id}", start_session::handler)
            .supported(Post, "/v1/whatsapp/check-number", check_number::handler)
            .supported(Delete, "/v1/whatsappsession/{id}", log_out_session::handler),
        Section::new("Messages")
            .partial(
                Post,
                "/v1/messages/send",
                "texts only; there is no ticket, so `userId` and `queueId` are not used",
                send_message::handler,
            )
            .absent(HELP_DESK, errors::absent, &[(Get, "/v1/messages/{ticketId}")]),
    ]
}

/// A connection as the guest may see it.
fn show<N>(guest: &Guest<PressTicket, N>, id: &SessionId) -> Result<Whatsapp, Refused> {
    let snapshot = guest.gateway().session(id)?;
    let links = guest.key().allows(Scope::Link);
    Ok(translate::whatsapp(&snapshot, guest.state().clock.now(), links, first(guest)))
}

/// The lowest number within reach.
fn first<N>(guest: &Guest<PressTicket, N>) -> u32 {
    guest.sessions().iter().map(|session| translate::number(session)).min().unwrap_or_default()
}
