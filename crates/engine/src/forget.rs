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
use wacore::store::traits::{Backend, DeviceStore};
use wacore::store::{Device, InMemoryBackend};

/// How long the login may take.
const LOGIN: Duration = Duration::from_mins(1);
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
    let text = serde_json::to_string(&device).map_err(|error| EngineError::Keys(Box::new(error)))?;
    Ok(Some(text.into()))
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
    let login = async {
        loop {
            match words.recv().await {
                Some(ConnectionEvent::LoggedIn) => return Ok(true),
                // The network does not know it any more.
                Some(ConnectionEvent::Ended(EndReason::LoggedOut { .. })) => return Ok(false),
                Some(ConnectionEvent::Ended(EndReason::Lost { reason })) => {
                    return Err(EngineError::Unreachable { reason });
                }
                Some(ConnectionEvent::Ended(_)) | None => return Err(EngineError::Ended),
                Some(_) => {}
            }
        }
    };
    let logged_in = tokio::time::timeout(LOGIN, login).await.map_err(|_| EngineError::Timeout)??;
    // From here on nobody listens: what the connection still tells must not wait for that.
    drop(words);
    if logged_in { connection.logout().await } else { Ok(()) }
}
