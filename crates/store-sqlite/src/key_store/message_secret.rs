//! Message secrets: what later answers to a message (votes, edits, reactions) are decrypted with.

use super::record::{Kind, joined};
use super::{SqliteKeyStore, count, database};
use crate::sql::{Batch, Value};
use crate::writer::Step;
use async_trait::async_trait;
use sqlx::Row;
use wacore::store::error::Result;
use wacore::store::traits::{MessageSecret, MsgSecretEntry, MsgSecretStore};

/// The later deadline wins, never (0) above all; the later known time of the parent wins.
static SECRET: Batch = Batch::new(
    "INSERT INTO wa_message_secret (session, chat, sender, id, sealed, expires_at, message_timestamp) VALUES ",
    7,
    " ON CONFLICT (session, chat, sender, id) DO UPDATE SET sealed = excluded.sealed, \
     expires_at = CASE WHEN expires_at = 0 OR excluded.expires_at = 0 THEN 0 \
         ELSE max(expires_at, excluded.expires_at) END, \
     message_timestamp = max(message_timestamp, excluded.message_timestamp)",
);
const GET: &str = "SELECT sealed, message_timestamp FROM wa_message_secret \
     WHERE session = ? AND chat = ? AND sender = ? AND id = ?";
const HAS_EXPIRED: &str =
    "SELECT 1 FROM wa_message_secret WHERE session = ? AND expires_at > 0 AND expires_at <= ? LIMIT 1";
const DELETE_EXPIRED: &str =
    "DELETE FROM wa_message_secret WHERE session = ? AND expires_at > 0 AND expires_at <= ?";

#[async_trait]
impl MsgSecretStore for SqliteKeyStore {
    async fn put_msg_secret(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
        secret: &MessageSecret,
    ) -> Result<()> {
        let entry = MsgSecretEntry {
            chat: chat.into(),
            sender: sender.into(),
            msg_id: msg_id.into(),
            secret: *secret,
            expires_at: 0,
            message_ts: 0,
        };
        self.put_msg_secrets(vec![entry]).await?;
        Ok(())
    }

    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        if entries.is_empty() {
            return Ok(0);
        }
        let (guard, number) = self.target()?;
        let stored = entries.len();
        let mut rows: Vec<Value> = Vec::with_capacity(7 * stored);
        for entry in entries {
            let key = joined(&[&entry.chat, &entry.sender, &entry.msg_id]);
            let sealed = self.seal(Kind::MessageSecret, &key, &entry.secret);
            rows.push(number.clone());
            rows.extend([entry.chat, entry.sender, entry.msg_id].map(Value::from));
            rows.extend([sealed.into(), entry.expires_at.into(), entry.message_ts.into()]);
        }
        self.write(guard, vec![Step::Batch(&SECRET, rows)]).await?;
        Ok(stored)
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.get_msg_secret_with_ts(chat, sender, msg_id).await?.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<(Vec<u8>, i64)>> {
        let Some(row) = self.row(GET, [chat.into(), sender.into(), msg_id.into()]).await? else {
            return Ok(None);
        };
        let secret = self.open_row(Kind::MessageSecret, &joined(&[chat, sender, msg_id]), &row)?;
        Ok(Some((secret, row.try_get(1).map_err(database)?)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        if self.row(HAS_EXPIRED, [cutoff_timestamp.into()]).await?.is_none() {
            return Ok(0);
        }
        Ok(count(self.run(DELETE_EXPIRED, [cutoff_timestamp.into()]).await?))
    }
}
