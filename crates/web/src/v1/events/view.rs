//! The envelope of an event, for the OpenAPI document.

use utoipa::ToSchema;

/// Something that happened to a session: the `data:` of one server-sent event, as one line of JSON.
#[derive(ToSchema)]
#[schema(as = Event, example = json!({
    "id": "evt_0198c0ffee0070008000000000000001",
    "seq": 42,
    "session_seq": 7,
    "session": "ana",
    "type": "session.state",
    "at": "2026-01-02T03:04:05.678Z",
    "is_history": false,
    "data": {"from": "pairing", "state": {"name": "online", "since": "2026-01-02T03:04:05.678Z"}, "desired": "running"}
}))]
#[expect(dead_code, reason = "describes the domain's Event, which serialises itself")]
pub(crate) struct EventView {
    /// The same on every surface and retry.
    id: String,
    /// One increasing integer per gateway, in commit order: the SSE id and every cursor.
    seq: u64,
    /// 1, 2, 3 … without gaps in a session.
    session_seq: u64,
    /// Whose it is.
    session: String,
    /// What happened, e.g. `session.state`, `message.received`.
    #[schema(rename = "type")]
    kind: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Whether it tells of the past.
    is_history: bool,
    /// The type's own fields. Of a QR or code event the secret itself is here only while it lives, and for keys with
    /// the scope `link`.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}
