//! Which key each operation needs, written into the OpenAPI document so that users see it.
//!
//! The handlers enforce it by their types (`kit::auth`); a test walks over the document with keys of every kind and
//! fails where the two differ, and for an operation without a row.

use enlace_domain::key::Scope;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;

/// The member of an operation that names what it needs.
const EXTENSION: &str = "x-enlace-scope";
/// How a key can be sent; see `openapi::Keys`.
const SCHEMES: [&str; 3] = ["bearer", "api_key", "basic"];

/// What an operation needs.
#[derive(Clone, Copy)]
enum Needs {
    /// No key.
    Nothing,
    /// Any valid key.
    Key,
    /// A key with this scope.
    Scope(Scope),
    /// A key with the scope `read`, or a ticket.
    Stream,
}

use Needs::{Key, Nothing, Stream};
const READ: Needs = Needs::Scope(Scope::Read);
const SEND: Needs = Needs::Scope(Scope::Send);
const LINK: Needs = Needs::Scope(Scope::Link);
const MANAGE: Needs = Needs::Scope(Scope::Manage);
const ADMIN: Needs = Needs::Scope(Scope::Admin);

const RULES: &[(&str, Needs)] = &[
    ("session_create", MANAGE),
    ("session_list", READ),
    ("session_summary", READ),
    ("session_get", READ),
    ("session_update", MANAGE),
    ("session_delete", MANAGE),
    ("session_start", MANAGE),
    ("session_stop", MANAGE),
    ("session_restart", MANAGE),
    ("session_logout", MANAGE),
    ("session_link", LINK),
    ("session_qr", LINK),
    ("session_passkey", LINK),
    ("session_passkey_answer", LINK),
    ("session_passkey_confirm", LINK),
    ("session_events", Stream),
    ("event_stream", Stream),
    ("stream_ticket_create", READ),
    ("message_send", SEND),
    ("message_list", READ),
    ("message_get", READ),
    ("key_create", ADMIN),
    ("key_list", ADMIN),
    ("key_get", ADMIN),
    ("key_update", ADMIN),
    ("key_revoke", ADMIN),
    ("audit_list", ADMIN),
    ("gateway_metrics", READ),
    ("version_get", Key),
    ("gateway_live", Nothing),
    ("gateway_ready", Nothing),
];

/// Writes the rules into a document.
pub(crate) fn write(document: &mut utoipa::openapi::OpenApi) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let id = operation.operation_id.as_deref();
        let rule = RULES.iter().find(|(known, _)| Some(*known) == id);
        if let Some((_, needs)) = rule {
            needs.write(operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

impl Needs {
    fn write(self, operation: &mut Operation) {
        let (word, scope) = match self {
            Self::Nothing => ("none", None),
            Self::Key => ("any", None),
            Self::Scope(scope) => (scope.as_str(), Some(scope)),
            Self::Stream => (Scope::Read.as_str(), Some(Scope::Read)),
        };
        let extensions = operation.extensions.get_or_insert_with(Extensions::default);
        extensions.insert(EXTENSION.to_owned(), word.into());
        let Some(scope) = scope else { return };
        let needed = |scheme| SecurityRequirement::new(scheme, [scope.as_str()]);
        let mut security: Vec<_> = SCHEMES.map(needed).into();
        if matches!(self, Self::Stream) {
            security.push(SecurityRequirement::new("ticket", [""; 0]));
        }
        operation.security = Some(security);
    }
}
