//! Give a session a name in a foreign API.

use super::{Group, Halt, applied};
use crate::rows::alias::{INSERT, OWNER, RELEASE_ONE, sealed_token};
use enlace_domain::alias::{Alias, Dialect};
use enlace_domain::id::SessionId;
use enlace_domain::port::{Committed, StoreError};

impl Group<'_> {
    pub(super) async fn name_session(
        &mut self,
        session: &SessionId,
        dialect: Dialect,
        alias: &Alias,
    ) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(session) else {
            return Err(Halt::Refused(StoreError::SessionNotFound(session.clone())));
        };
        self.check_alias(Some(slot.number), dialect, alias).await?;
        sqlx::query(RELEASE_ONE)
            .bind(slot.number)
            .bind(dialect.as_str())
            .execute(&mut *self.connection)
            .await?;
        self.write_alias(slot.number, session, dialect, alias).await?;
        Ok(applied(true))
    }

    /// Refuses a name that another session has; `number` is this one's, where it has one.
    pub(super) async fn check_alias(
        &mut self,
        number: Option<i64>,
        dialect: Dialect,
        alias: &Alias,
    ) -> Result<(), Halt> {
        let owner: Option<i64> = sqlx::query_scalar(OWNER)
            .bind(dialect.as_str())
            .bind(&alias.name)
            .fetch_optional(&mut *self.connection)
            .await?;
        match owner {
            Some(owner) if Some(owner) != number => {
                Err(Halt::Refused(StoreError::AliasTaken { dialect, name: alias.name.clone() }))
            }
            _ => Ok(()),
        }
    }

    /// Writes a name that was checked.
    pub(super) async fn write_alias(
        &mut self,
        number: i64,
        session: &SessionId,
        dialect: Dialect,
        alias: &Alias,
    ) -> Result<(), Halt> {
        sqlx::query(INSERT)
            .bind(dialect.as_str())
            .bind(&alias.name)
            .bind(number)
            .bind(sealed_token(session, dialect, alias, &self.memory.sealing))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}
