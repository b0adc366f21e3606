//! Telling the network of an unlinking later: a device logs in once more, from a copy of its own row in memory, and says
//! that it is to be forgotten. What else arrives for it is acknowledged and dropped, because nobody will read it.

use crate::connection::WebConnection;
use crate::open::{self, Common};
use crate::seed;
use async_trait::async_trait;
use enlace_domain::port::whatsapp::OpenRequest;
use enlace_domain::port::{Connection, ConnectionEvent, EndReason, EngineError, Inbox};
use enlace_domain::port::{InboundMessage, InboxError, Receipt};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wacore::store::traits::{Backend, DeviceStore};
use wacore::store::{Device, InMemoryBackend};

/// How long the dial and the login may take.
const LOGIN: Duration = Duration::from_mins(1);
/// How long others may be dialled first: a thousand sessions that come back together take a quarter of it.
const TURN: Duration = Duration::from_mins(30);
/// How many words may wait to be heard.
const WORDS: usize = 32;

/// Hears how the login goes and nothing else.
struct Ear(mpsc::Sender<ConnectionEvent>);

#[async_trait]
impl Inbox for Ear {
    async fn connection(&self, event: ConnectionEvent) {
        // Nobody listens after the login.
        drop(self.0.send(event).await);
    }

    async fn messages(&self, _: Vec<InboundMessage>) -> Result<(), InboxError> {
        Ok(())
    }

    async fn receipt(&self, _: Receipt) -> Result<(), InboxError> {
        Ok(())
    }
}

/// The keys of a linked device as one text; none when nothing is linked in the store.
pub(crate) async fn keys(store: &dyn Backend) -> Result<Option<SecretString>, EngineError> {
    let device = store.load().await.map_err(|error| EngineError::Keys(Box::new(error)))?;
    let Some(device) = device.filter(|device| device.account.is_some()) else { return Ok(None) };
    written(&device).map(Some)
}

/// The keys of a linked device as one text.
pub(crate) fn written(device: &Device) -> Result<SecretString, EngineError> {
    let text = serde_json::to_string(device).map_err(|error| EngineError::Keys(Box::new(error)))?;
    Ok(text.into())
}

/// Makes a key store of such a text.
async fn store(keys: &SecretString) -> Result<Arc<InMemoryBackend>, EngineError> {
    let device: Device =
        serde_json::from_str(keys.expose_secret()).map_err(|error| EngineError::Keys(Box::new(error)))?;
    let store = InMemoryBackend::new();
    store.save(&device).await.map_err(|error| EngineError::Keys(Box::new(error)))?;
    Ok(Arc::new(store))
}

/// Logs in with the keys and has the device forgotten.
pub(crate) async fn forget(
    network: &open::Network,
    common: &Common,
    simulator: Option<&crate::config::SimulatorNetwork>,
    request: OpenRequest,
    keys: &SecretString,
) -> Result<(), EngineError> {
    let store = store(keys).await?;
    let linked = seed::prepare(store.as_ref(), network.name, simulator)
        .await
        .map_err(|error| EngineError::Keys(Box::new(error)))?;
    if !linked {
        return Ok(());
    }
    let (tell, words) = mpsc::channel(WORDS);
    let connection = open::open(network, common, request, store, linked, Arc::new(Ear(tell))).await?;
    let told = tell_network(&connection, words).await;
    connection.close().await;
    told
}

async fn tell_network(
    connection: &WebConnection,
    mut words: mpsc::Receiver<ConnectionEvent>,
) -> Result<(), EngineError> {
    let logged_in = is_let_in(&mut words, LOGIN).await?;
    // From here on nobody listens: what the connection still tells must not wait for that.
    drop(words);
    if logged_in { connection.logout().await } else { Ok(()) }
}

/// Waits for the login, `within` so long after the dial began; false if the network does not know the device any more.
async fn is_let_in(
    words: &mut mpsc::Receiver<ConnectionEvent>,
    within: Duration,
) -> Result<bool, EngineError> {
    let mut until = Instant::now() + within;
    loop {
        let word = tokio::time::timeout_at(until, words.recv()).await.map_err(|_| EngineError::Timeout)?;
        match word {
            Some(ConnectionEvent::Queued) => until = Instant::now() + TURN,
            Some(ConnectionEvent::Dialling) => until = Instant::now() + within,
            Some(ConnectionEvent::LoggedIn) => return Ok(true),
            Some(ConnectionEvent::Ended(EndReason::LoggedOut { .. })) => return Ok(false),
            Some(ConnectionEvent::Ended(EndReason::Lost { reason })) => {
                return Err(EngineError::Unreachable { reason });
            }
            Some(ConnectionEvent::Ended(_)) | None => return Err(EngineError::Ended),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{sleep, timeout};

    const WITHIN: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn the_wait_for_a_turn_is_no_part_of_the_login() {
        let (tell, mut words) = mpsc::channel(WORDS);
        let network = async {
            tell.send(ConnectionEvent::Queued).await.unwrap();
            sleep(WITHIN * 2).await;
            tell.send(ConnectionEvent::Dialling).await.unwrap();
            tell.send(ConnectionEvent::LoggedIn).await.unwrap();
        };
        let (login, ()) = futures::join!(is_let_in(&mut words, WITHIN), network);
        assert!(login.unwrap());
    }

    #[tokio::test]
    async fn a_network_that_says_nothing_after_the_dial_is_waited_for_no_longer_than_that() {
        for first in [vec![], vec![ConnectionEvent::Queued, ConnectionEvent::Dialling]] {
            let (tell, mut words) = mpsc::channel(WORDS);
            for word in first {
                tell.send(word).await.unwrap();
            }
            let login = timeout(WITHIN * 20, is_let_in(&mut words, WITHIN)).await;
            assert!(matches!(login, Ok(Err(EngineError::Timeout))), "{login:?}");
        }
    }
}
