//! The operations, a file each.

mod add_session;
mod add_session_sse;
mod check_contact;
mod delete_session;
mod find_session;
mod list_messages;
mod list_sessions;
mod read_chat;
mod read_status;
mod send_message;

use super::errors::{self, Refused};
use super::translate::{self, Standing};
use super::wire::answer::{FieldError, QrBody};
use super::{BaileysApi, BaileysStream};
use crate::frame::guest::Guest;
use crate::frame::operation::{Method, Section};
use crate::frame::picture;
use crate::frame::vendor::Vendor;
use axum::Json;
use axum::http::StatusCode;
use enlace_domain::alias::{Alias, Aliases, Dialect};
use enlace_domain::key::Scope;
use enlace_domain::link::LinkMethod;
use enlace_domain::session::{Session, Settings};
use enlace_sessions::{CreateSession, GatewayError, KeyError, LinkRequest};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

const LATER: &str = "not served yet";
const CURSOR: &str =
    "the cursor is a text, `pkId` is made of our id, and of what is no text only the kind is told";

/// How long a caller waits for the first QR. The vendor sets no end.
const WAIT: Duration = Duration::from_mins(1);

/// Everything, in the order of the contract.
pub(super) fn sections() -> Vec<Section> {
    use Method::{Delete, Get, Post};
    vec![
        Section::new("Sessions")
            .supported(Get, "/sessions", list_sessions::handler)
            .supported(Get, "/sessions/{id}", find_session::handler)
            .supported(Get, "/sessions/{id}/status", read_status::handler)
            .supported(Post, "/sessions/add", add_session::handler)
            .supported(Get, "/sessions/{id}/add-sse", add_session_sse::handler)
            .supported(Delete, "/sessions/{id}", delete_session::handler),
        Section::new("Chats")
            .absent(LATER, errors::absent, &[(Get, "/{id}/chats")])
            .partial(Get, "/{id}/chats/{jid}", CURSOR, read_chat::handler)
            .absent(LATER, errors::absent, &[(Post, "/{id}/chats/{jid}/presence")]),
        Section::new("Contacts")
            .absent(
                LATER,
                errors::absent,
                &[
                    (Get, "/{id}/contacts"),
                    (Get, "/{id}/contacts/blocklist"),
                    (Post, "/{id}/contacts/blocklist/update"),
                ],
            )
            .supported(Get, "/{id}/contacts/{jid}", check_contact::handler)
            .absent(LATER, errors::absent, &[(Get, "/{id}/contacts/{jid}/photo")]),
        Section::new("Groups").absent(LATER, errors::absent, &GROUPS),
        Section::new("Messages")
            .partial(
                Get,
                "/{id}/messages",
                "newest first, the vendor's oldest first; otherwise as a chat's",
                list_messages::handler,
            )
            .partial(
                Post,
                "/{id}/messages/send",
                "texts only, without mentions, previews and quotes: `options` is not used",
                send_message::handler,
            )
            .absent(
                LATER,
                errors::absent,
                &[
                    (Post, "/{id}/messages/send/bulk"),
                    (Post, "/{id}/messages/download"),
                    (Delete, "/{id}/messages/delete"),
                    (Delete, "/{id}/messages/delete/onlyme"),
                ],
            ),
    ]
}

const GROUPS: [(Method, &str); 10] = [
    (Method::Get, "/{id}/groups"),
    (Method::Get, "/{id}/groups/{jid}"),
    (Method::Post, "/{id}/groups/{jid}/presence"),
    (Method::Get, "/{id}/groups/{jid}/photo"),
    (Method::Post, "/{id}/groups/create"),
    (Method::Put, "/{id}/groups/{jid}/update/participants"),
    (Method::Put, "/{id}/groups/{jid}/update/subject"),
    (Method::Put, "/{id}/groups/{jid}/update/description"),
    (Method::Put, "/{id}/groups/{jid}/update/setting"),
    (Method::Delete, "/{id}/groups/{jid}"),
];

/// A name as a session can be called; `location` is where the client wrote it.
fn alias(name: &str, location: &'static str) -> Result<Alias, Refused> {
    let wrong = || Refused::Invalid(vec![FieldError::new(Some(name.into()), "sessionId", location)]);
    Alias::parse(Dialect::BaileysApi, name, None).map_err(|_| wrong())
}

/// Makes a session of that name.
async fn create<V: Vendor, N>(
    guest: &Guest<V, N>,
    alias: Alias,
    settings: Settings,
) -> Result<Arc<Session>, Refused> {
    guest.need(Scope::Manage)?;
    guest.need_all()?;
    let name = Some(alias.name.clone());
    let aliases = Aliases::from([(Dialect::BaileysApi, alias)]);
    let request = CreateSession { name, settings, aliases, ..CreateSession::default() };
    Ok(guest.gateway().create_session(request).await?)
}

/// Begins a link, or joins the one under way, and waits for its QR.
async fn first_qr<V: Vendor, N>(guest: &Guest<V, N>, session: &Session) -> Result<Json<QrBody>, Refused> {
    let qr = if translate::standing(session) == Standing::Free {
        let request = LinkRequest {
            method: LinkMethod::Qr,
            phone: None,
            force: false,
            expect_phone: None,
            custom_code: None,
            wait: WAIT,
        };
        let begun = async { guest.by().link(&session.id, request).await.map(|answer| answer.qr) };
        guest.while_key_lives(begun).await.map_err(no_qr)?
    } else {
        Some(guest.while_key_lives(guest.by().qr(&session.id, WAIT)).await.map_err(no_qr)?)
    };
    let qr = qr.ok_or_else(Refused::not_created)?;
    let undrawn = |_| Refused::error(StatusCode::INTERNAL_SERVER_ERROR, "Unable to generate QR");
    Ok(Json(QrBody { qr: picture::data_uri(qr.payload.expose_secret()).map_err(undrawn)? }))
}

fn no_qr(error: KeyError) -> Refused {
    match error {
        KeyError::Failed(GatewayError::Refused(_)) => Refused::exists(),
        KeyError::Failed(error @ GatewayError::SessionNotFound(_)) => error.into(),
        KeyError::Failed(error) => {
            tracing::info!(%error, "a session of baileys-api's got no QR");
            Refused::not_created()
        }
        error => error.into(),
    }
}
