//! Messages as rows.

use super::{Reader, Unreadable, json};
use crate::sql::{Batch, Value};
use enlace_domain::address::{Jid, Person};
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Message, Status};
use sqlx::sqlite::SqliteRow;

/// Inserts messages unless they are known.
pub(crate) static INSERT: Batch = Batch::new(
    "INSERT INTO message (session, id, wa_id, chat, chat_pn, chat_lid, from_jid, from_pn, from_lid, from_me, \
     push_name, at, status, error, content) VALUES ",
    15,
    " ON CONFLICT DO NOTHING",
);

/// Moves messages of ours to a status and returns them. A row is session, `wa_id`, status, error, and the statuses it
/// may come from as bits (see [`advancing_from`]); no message may be named twice.
pub(crate) static ADVANCE: Batch = Batch::new(
    "UPDATE message SET status = to_be.column3, error = to_be.column4 FROM (VALUES ",
    5,
    ") AS to_be WHERE message.session = to_be.column1 AND message.wa_id = to_be.column2 \
     AND message.from_me AND (1 << message.status) & to_be.column5 RETURNING *",
);

/// Every status with the code of the column, which is given once and never again. `queued` is 0: an index says so.
const STATUSES: [(Status, i64); 7] = [
    (Status::Queued, 0),
    (Status::Failed, 1),
    (Status::Sent, 2),
    (Status::Delivered, 3),
    (Status::Read, 4),
    (Status::Played, 5),
    (Status::Received, 6),
];

/// The code of a status.
pub(crate) fn status_code(status: Status) -> i64 {
    STATUSES.iter().find(|(known, _)| *known == status).map_or(0, |(_, code)| *code)
}

/// A bit per code: the statuses from which a message may advance to `next`.
pub(crate) fn advancing_from(next: Status) -> i64 {
    STATUSES.iter().filter(|(from, _)| from.advances_to(next)).map(|(_, code)| 1 << code).sum()
}

/// The values of a message's row, in the order of [`INSERT`].
pub(crate) fn values(session: i64, message: &Message) -> Vec<Value> {
    let text = |jid: &Option<Jid>| Value::from(jid.as_ref().map(Jid::to_string));
    vec![
        session.into(),
        message.id.as_str().into(),
        message.wa_id.as_str().into(),
        message.chat.to_string().into(),
        text(&message.chat_person.pn),
        text(&message.chat_person.lid),
        message.from.to_string().into(),
        text(&message.from_person.pn),
        text(&message.from_person.lid),
        message.from_me.into(),
        message.push_name.as_deref().into(),
        message.at.timestamp_millis().into(),
        status_code(message.status).into(),
        message.error.as_deref().into(),
        json(&message.content).into(),
    ]
}

/// A message of `session` from its row.
pub(crate) fn read(session: &SessionId, row: &SqliteRow) -> Result<Message, Unreadable> {
    let row = Reader { table: "message", row };
    let jid = |text: &str| Jid::parse(text).ok();
    let code: i64 = row.get("status")?;
    let status = STATUSES.iter().find(|(_, known)| *known == code).map(|(status, _)| *status);
    Ok(Message {
        id: MessageId::from_text(row.get::<String>("id")?),
        wa_id: row.get("wa_id")?,
        session: session.clone(),
        chat: row.parse("chat", jid)?,
        chat_person: Person {
            pn: row.parse_optional("chat_pn", jid)?,
            lid: row.parse_optional("chat_lid", jid)?,
        },
        from: row.parse("from_jid", jid)?,
        from_person: Person {
            pn: row.parse_optional("from_pn", jid)?,
            lid: row.parse_optional("from_lid", jid)?,
        },
        from_me: row.get("from_me")?,
        push_name: row.get("push_name")?,
        at: row.time("at")?,
        status: status.ok_or(row.unreadable("status"))?,
        error: row.get("error")?,
        content: row.parse("content", |text| serde_json::from_str(text).ok())?,
    })
}
