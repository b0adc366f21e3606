//! Sessions as rows.

use super::{Reader, Unreadable, alias, integer, json};
use crate::sealing::{Place, SealingKey};
use crate::sql::{Batch, Value};
use enlace_domain::address::{Jid, PhoneNumber};
use enlace_domain::id::SessionId;
use enlace_domain::proxy::Proxy;
use enlace_domain::session::{Desired, Network, Session};
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use sqlx::sqlite::SqliteRow;

/// What a sealed proxy is filed as; the kinds below 64 are the key store's.
const PROXY: u8 = 64;

/// A statement that reads sessions: their columns, and their aliases as one text more.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT session.*, (SELECT json_group_array(json_array(dialect, name, hex(token))) FROM alias ",
            "WHERE alias.session = session.session) AS aliases FROM session ",
            $rest
        )
    };
}
pub(crate) use select;

/// Inserts a session.
pub(crate) static INSERT: Batch = Batch::new(
    "INSERT INTO session (session, id, name, network, desired, state_name, state, linked, phone, expect_phone, lid, \
     push_name, metadata, settings, qr_count, round_count, code_count, created_at, search, proxy) VALUES ",
    20,
    "",
);

/// Replaces a session's row.
pub(crate) static REPLACE: Batch = Batch::new(
    "INSERT OR REPLACE INTO session (session, id, name, network, desired, state_name, state, linked, phone, \
     expect_phone, lid, push_name, metadata, settings, qr_count, round_count, code_count, created_at, search, proxy) \
     VALUES ",
    20,
    "",
);

/// The values of a session's row, in the order of [`INSERT`].
pub(crate) fn values(number: i64, session: &Session, sealing: &SealingKey) -> Vec<Value> {
    let phone = session.phone.as_ref().map(PhoneNumber::as_str);
    let search =
        [session.id.as_str(), session.name.as_deref().unwrap_or_default(), phone.unwrap_or_default()];
    let proxy = session
        .proxy
        .as_ref()
        .map(|proxy| sealing.seal(proxy_place(&session.id), proxy.to_secret().expose_secret().as_bytes()));
    let desired = match session.desired {
        Desired::Running => "running",
        Desired::Stopped => "stopped",
    };
    vec![
        number.into(),
        session.id.as_str().into(),
        session.name.as_deref().into(),
        session.network.as_str().into(),
        desired.into(),
        session.state.name.as_str().into(),
        json(&session.state).into(),
        session.linked.into(),
        phone.into(),
        session.expect_phone.as_ref().map(PhoneNumber::as_str).into(),
        session.lid.as_ref().map(Jid::to_string).into(),
        session.push_name.as_deref().into(),
        json(&session.metadata).into(),
        json(&session.settings).into(),
        integer(session.qr_count).into(),
        integer(session.round_count).into(),
        integer(session.code_count).into(),
        session.created_at.timestamp_millis().into(),
        search.join("\n").to_lowercase().into(),
        proxy.into(),
    ]
}

/// A session from its row.
pub(crate) fn read(row: &SqliteRow, sealing: &SealingKey) -> Result<Session, Unreadable> {
    let row = Reader { table: "session", row };
    let id = row.parse("id", |text| SessionId::parse(text).ok())?;
    let proxy: Option<&[u8]> = row.get("proxy")?;
    // One that does not open is no reason to connect without it.
    let proxy = proxy
        .map(|sealed| open_proxy(&id, sealed, sealing).ok_or_else(|| row.unreadable("proxy")))
        .transpose()?;
    let aliases = row
        .get::<&str>("aliases")
        .and_then(|text| alias::read_all(&id, text, sealing).ok_or_else(|| row.unreadable("aliases")))?;
    Ok(Session {
        id,
        proxy,
        aliases,
        name: row.get("name")?,
        network: row.parse("network", Network::parse)?,
        desired: row.parse("desired", |text| match text {
            "running" => Some(Desired::Running),
            "stopped" => Some(Desired::Stopped),
            _ => None,
        })?,
        state: row.parse("state", |text| serde_json::from_str(text).ok())?,
        linked: row.get("linked")?,
        phone: row.parse_optional("phone", |text| PhoneNumber::parse(text).ok())?,
        expect_phone: row.parse_optional("expect_phone", |text| PhoneNumber::parse(text).ok())?,
        lid: row.parse_optional("lid", |text| Jid::parse(text).ok())?,
        push_name: row.get("push_name")?,
        metadata: row.parse("metadata", |text| serde_json::from_str(text).ok())?,
        settings: row.parse("settings", |text| serde_json::from_str(text).ok())?,
        qr_count: row.count("qr_count")?,
        round_count: row.count("round_count")?,
        code_count: row.count("code_count")?,
        created_at: row.time("created_at")?,
    })
}

fn proxy_place(id: &SessionId) -> Place<'_> {
    Place { kind: PROXY, session: id.as_str(), key: b"proxy" }
}

fn open_proxy(id: &SessionId, sealed: &[u8], sealing: &SealingKey) -> Option<Proxy> {
    let text = Zeroizing::new(sealing.open(proxy_place(id), sealed).ok()?);
    Proxy::parse(std::str::from_utf8(&text).ok()?).ok()
}
