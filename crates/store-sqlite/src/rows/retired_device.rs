//! Retired devices as rows.

use super::{Reader, Unreadable};
use crate::sealing::{Place, SealingKey};
use crate::sql::Value;
use enlace_domain::id::{RetiredId, SessionId};
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::Network;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use sqlx::sqlite::SqliteRow;

/// What the sealed keys are filed as; the kinds below 64 are the key store's.
const KEYS: u8 = 65;

/// Inserts a device unless its id is known.
pub(crate) const INSERT: &str = "INSERT INTO retired_device (id, session, network, keys, since_at) \
     VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// The values of a device's row, in the order of [`INSERT`].
pub(crate) fn values(device: &RetiredDevice, sealing: &SealingKey) -> Vec<Value> {
    let sealed = sealing.seal(place(&device.id, &device.session), device.keys.expose_secret().as_bytes());
    vec![
        device.id.as_str().into(),
        device.session.as_str().into(),
        device.network.as_str().into(),
        sealed.into(),
        device.since.timestamp_millis().into(),
    ]
}

/// A device from its row.
pub(crate) fn read(row: &SqliteRow, sealing: &SealingKey) -> Result<RetiredDevice, Unreadable> {
    let row = Reader { table: "retired_device", row };
    let id = RetiredId::from_text(row.get::<String>("id")?);
    let session = row.parse("session", |text| SessionId::parse(text).ok())?;
    let plain = sealing.open(place(&id, &session), row.get("keys")?).map(Zeroizing::new);
    let keys = plain.ok().and_then(|plain| Some(std::str::from_utf8(&plain).ok()?.to_owned()));
    Ok(RetiredDevice {
        network: row.parse("network", Network::parse)?,
        keys: keys.ok_or(row.unreadable("keys"))?.into(),
        since: row.time("since_at")?,
        id,
        session,
    })
}

fn place<'a>(id: &'a RetiredId, session: &'a SessionId) -> Place<'a> {
    Place { kind: KEYS, session: session.as_str(), key: id.as_str().as_bytes() }
}
