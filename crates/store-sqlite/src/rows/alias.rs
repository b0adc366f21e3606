//! Aliases as rows.

use crate::sealing::{Place, SealingKey};
use enlace_domain::alias::{Alias, Aliases, Dialect};
use enlace_domain::id::SessionId;
use secrecy::zeroize::Zeroizing;

/// What a sealed token is filed as; see `rows::session` for the kinds.
const TOKEN: u8 = 65;

/// Gives a name to a session, also one that a session had which is gone.
pub(crate) const INSERT: &str =
    "INSERT OR REPLACE INTO alias (dialect, name, session, token) VALUES (?1, ?2, ?3, ?4)";

/// Whose a name is.
pub(crate) const OWNER: &str =
    "SELECT session FROM alias WHERE dialect = ?1 AND name = ?2 AND session IS NOT NULL";

/// Takes a session's names from it. Of a dialect that counts its sessions the row stays.
pub(crate) const RELEASE: &str = "UPDATE alias SET session = NULL, token = NULL WHERE session = ?1 AND dialect = 'press-ticket'; \
     DELETE FROM alias WHERE session = ?1";

/// The same in one dialect.
pub(crate) const RELEASE_ONE: &str = "UPDATE alias SET session = NULL, token = NULL \
     WHERE session = ?1 AND dialect = ?2 AND dialect = 'press-ticket'; \
     DELETE FROM alias WHERE session = ?1 AND dialect = ?2";

/// The highest number given.
pub(crate) const LAST_NUMBER: &str =
    "SELECT coalesce(max(CAST(name AS INTEGER)), 0) FROM alias WHERE dialect = ?1";

/// A token as it is stored.
pub(crate) fn sealed_token(
    session: &SessionId,
    dialect: Dialect,
    alias: &Alias,
    sealing: &SealingKey,
) -> Option<Vec<u8>> {
    let token = alias.token.as_ref()?;
    Some(sealing.seal(place(session, dialect), token.expose().as_bytes()))
}

/// The aliases in the text that `rows::session::SELECT` makes of them: dialect, name, and the sealed token in
/// hexadecimal digits, empty without one.
pub(crate) fn read_all(session: &SessionId, text: &str, sealing: &SealingKey) -> Option<Aliases> {
    let rows: Vec<(String, String, String)> = serde_json::from_str(text).ok()?;
    let read = |(dialect, name, sealed): (String, String, String)| {
        let dialect = Dialect::parse(&dialect)?;
        let token = match sealed.as_str() {
            "" => None,
            sealed => Some(open_token(session, dialect, sealed, sealing)?),
        };
        let token = token.as_ref().map(|token| std::str::from_utf8(token)).transpose().ok()?;
        Some((dialect, Alias::parse(dialect, &name, token).ok()?))
    };
    rows.into_iter().map(read).collect()
}

fn open_token(
    session: &SessionId,
    dialect: Dialect,
    sealed: &str,
    sealing: &SealingKey,
) -> Option<Zeroizing<Vec<u8>>> {
    let opened = sealing.open(place(session, dialect), &hex::decode(sealed).ok()?).ok()?;
    Some(Zeroizing::new(opened))
}

fn place(session: &SessionId, dialect: Dialect) -> Place<'_> {
    Place { kind: TOKEN, session: session.as_str(), key: dialect.as_str().as_bytes() }
}
