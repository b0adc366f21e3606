//! Retired devices as rows.

use super::{Reader, Unreadable};
use crate::sealing::{Place, SealingKey};
use crate::sql::Value;
use enlace_domain::id::{RetiredId, SessionId};
use enlace_domain::proxy::Proxy;
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::Network;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sqlx::sqlite::SqliteRow;

/// What the sealed values are filed as; the kinds below 64 are the key store's, 64 is a session's proxy.
const KEYS: u8 = 65;
const PROXY: u8 = 66;

/// Inserts a device unless its id is known.
pub(crate) const INSERT: &str = "INSERT INTO retired_device (id, session, network, proxy, keys, since_at) \
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// The values of a device's row, in the order of [`INSERT`].
pub(crate) fn values(device: &RetiredDevice, sealing: &SealingKey) -> Vec<Value> {
    let seal = |kind, secret: &SecretString| {
        sealing.seal(place(kind, &device.id, &device.session), secret.expose_secret().as_bytes())
    };
    vec![
        device.id.as_str().into(),
        device.session.as_str().into(),
        device.network.as_str().into(),
        device.proxy.as_ref().map(|proxy| seal(PROXY, &proxy.to_secret())).into(),
        seal(KEYS, &device.keys).into(),
        device.since.timestamp_millis().into(),
    ]
}

/// A device from its row.
pub(crate) fn read(row: &SqliteRow, sealing: &SealingKey) -> Result<RetiredDevice, Unreadable> {
    let row = Reader { table: "retired_device", row };
    let id = RetiredId::from_text(row.get::<String>("id")?);
    let session = row.parse("session", |text| SessionId::parse(text).ok())?;
    let open = |kind, sealed: &[u8]| -> Option<SecretString> {
        let plain = Zeroizing::new(sealing.open(place(kind, &id, &session), sealed).ok()?);
        Some(std::str::from_utf8(&plain).ok()?.into())
    };
    let keys = open(KEYS, row.get("keys")?).ok_or(row.unreadable("keys"))?;
    // One that does not open is no reason to dial without it.
    let proxy = row
        .get::<Option<&[u8]>>("proxy")?
        .map(|sealed| {
            let text = open(PROXY, sealed)?;
            Proxy::parse(text.expose_secret()).ok()
        })
        .map(|proxy| proxy.ok_or(row.unreadable("proxy")))
        .transpose()?;
    let network = row.parse("network", Network::parse)?;
    let since = row.time("since_at")?;
    Ok(RetiredDevice { id, session, network, proxy, keys, since })
}

fn place<'a>(kind: u8, id: &'a RetiredId, session: &'a SessionId) -> Place<'a> {
    Place { kind, session: session.as_str(), key: id.as_str().as_bytes() }
}
