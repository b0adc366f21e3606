//! Foreign APIs that Enlace answers in, so that software made for another service moves over by changing a base URL and a
//! key. A folder each: `wire/` has the vendor's words, `translate.rs` maps them onto ours and back, `serve/` answers.
//!
//! A surface and nothing else: no rule about sessions, messages or WhatsApp lives here, and no dialect knows another. What
//! they share is in `frame/`.

mod baileys_api;
mod frame;
mod press_ticket;
mod wassenger;
mod z_api;

pub use frame::operation::{Method, Row, Support};
pub use frame::state::DialectState;

use axum::Router;
use enlace_domain::alias::Dialect;
use frame::state::Shared;

/// A dialect's routes from its base on, e.g. `/v1/whatsapp`; they stand under its prefix, or at the root of a listener of
/// its own.
pub fn router(dialect: Dialect, state: DialectState) -> Router {
    let proxies = state.trusted_proxies.clone();
    let routes = match dialect {
        Dialect::ZApi => z_api::routes(),
        Dialect::Wassenger => wassenger::routes(),
        Dialect::PressTicket => press_ticket::routes(),
        Dialect::BaileysApi => baileys_api::routes(),
    };
    let noted = axum::middleware::from_fn_with_state(proxies, enlace_web::note_client);
    routes.layer(noted).with_state(Shared::new(state))
}

/// Every operation of a dialect, in the order of the vendor's documents.
pub fn coverage(dialect: Dialect) -> Vec<Row> {
    match dialect {
        Dialect::ZApi => z_api::coverage(),
        Dialect::Wassenger => wassenger::coverage(),
        Dialect::PressTicket => press_ticket::coverage(),
        Dialect::BaileysApi => baileys_api::coverage(),
    }
}
