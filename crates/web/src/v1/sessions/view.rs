//! How a session is shown. Every member is always there; what is not known is null.

use super::aliases::{self, AliasesView};
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::session::{Desired, Session, SessionState, StateName};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One WhatsApp number that is, or can be, linked.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "id": "ana",
    "name": "Ana, front desk",
    "network": "simulator",
    "desired": "running",
    "state": {"name": "online", "since": "2026-01-02T03:04:05.678Z"},
    "phone": "999100000001",
    "lid": "900000000000001@lid",
    "expect_phone": null,
    "push_name": "Ana",
    "metadata": {"team": "sales"},
    "settings": {"link_max_rounds": null, "mark_online": false},
    "proxy": null,
    "aliases": {},
    "created_at": "2026-01-02T03:00:00.000Z"
}))]
pub(crate) struct SessionView {
    /// Its name in every path.
    id: String,
    /// A name for people.
    #[schema(required)]
    name: Option<String>,
    /// What it connects to; fixed at creation. `simulator` is no real WhatsApp.
    #[schema(value_type = NetworkName)]
    network: &'static str,
    /// What the operator wants; kept apart from what is.
    #[schema(value_type = DesiredName)]
    desired: Desired,
    /// What is.
    #[schema(value_type = StateView)]
    state: SessionState,
    /// The number, since it was first linked; kept after logout.
    #[schema(required)]
    phone: Option<String>,
    /// The hidden id, since it was first linked.
    #[schema(required)]
    lid: Option<String>,
    /// The only number that may complete the link under way or the next one that is merely looked for; null where any may.
    #[schema(required)]
    expect_phone: Option<String>,
    /// The account's own name.
    #[schema(required)]
    push_name: Option<String>,
    /// The user's own data.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// What is set.
    settings: SettingsView,
    /// What its connections go through; a password shows as `***`.
    #[schema(required)]
    proxy: Option<String>,
    /// Its name in each dialect that is served here; the token of its Z-API instance only for keys with `manage`.
    #[schema(value_type = AliasesView)]
    aliases: Map<String, Value>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: String,
}

/// What is set for one session.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct SettingsView {
    /// QR rounds per link request, 1 to 10; null where the gateway's own number counts, `[link] max_rounds`.
    #[schema(required, minimum = 1, maximum = 10)]
    link_max_rounds: Option<u32>,
    /// Whether the companion shows itself online. Off keeps the phone's own notifications working.
    mark_online: bool,
}

/// What a session is, and what is known about it. Members that do not apply to the state are left out.
#[derive(ToSchema)]
#[schema(as = SessionState)]
#[expect(dead_code, reason = "describes the domain's SessionState, which serialises itself")]
pub(crate) struct StateView {
    /// Which state.
    name: StateWord,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// Why, as a stable word, e.g. `round-over`, `device-removed`.
    reason: Option<String>,
    /// In `pairing`: how far.
    #[schema(value_type = Option<PairingStepName>)]
    step: Option<String>,
    /// In `reconnecting`: how many attempts failed.
    attempt: Option<u32>,
    /// In `reconnecting`: when the next attempt is due.
    #[schema(format = DateTime)]
    retry_at: Option<String>,
    /// In `restricted`: until when, where known.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// After an unlinking: whether the network was told, `done`, `pending` (it is tried again; every state keeps the word
    /// until then) or `given-up` (the phone may list the device for ever).
    remote_unlink: Option<String>,
}

/// The names of the states, as the domain writes them.
pub(crate) struct StateWord;

impl PartialSchema for StateWord {
    fn schema() -> RefOr<Schema> {
        let names = StateName::ALL.map(StateName::as_str);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names))
            .description(Some("The names of the states."))
            .into()
    }
}

impl ToSchema for StateWord {
    fn name() -> Cow<'static, str> {
        "StateName".into()
    }
}

/// Where a link is after the phone accepted it.
#[derive(ToSchema)]
#[schema(as = PairingStep, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the domain's PairingStep, which serialises itself")]
pub(crate) enum PairingStepName {
    Accepted,
    Restarting,
    Connecting,
    Syncing,
}

/// What a session connects to.
#[derive(ToSchema)]
#[schema(as = Network, rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes the domain's Network, which serialises itself")]
pub(crate) enum NetworkName {
    Whatsapp,
    Simulator,
}

/// What the operator wants.
#[derive(ToSchema)]
#[schema(as = Desired, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the domain's Desired, which serialises itself")]
pub(crate) enum DesiredName {
    Running,
    Stopped,
}

impl SessionView {
    /// A session as this key may see it.
    pub(crate) fn of(session: &Session, key: &ApiKey) -> Self {
        Self {
            id: session.id.to_string(),
            name: session.name.clone(),
            network: session.network.as_str(),
            desired: session.desired,
            state: session.state.clone(),
            phone: session.phone.as_ref().map(ToString::to_string),
            lid: session.lid.as_ref().map(ToString::to_string),
            expect_phone: session.expect_phone.as_ref().map(ToString::to_string),
            push_name: session.push_name.clone(),
            metadata: session.metadata.clone(),
            settings: SettingsView {
                link_max_rounds: session.settings.link_max_rounds,
                mark_online: session.settings.mark_online,
            },
            proxy: session.proxy.as_ref().map(ToString::to_string),
            aliases: aliases::view(&session.aliases, key.allows(Scope::Manage)),
            created_at: enlace_domain::clock::millis::format(&session.created_at),
        }
    }
}
