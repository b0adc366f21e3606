//! The engine: which networks it offers, and one connection per session at a time.

use crate::config::{EngineConfig, Limits, WhatsappNetwork};
use crate::connection::WebConnection;
use crate::decode::person;
use crate::forget;
use crate::http::{self, Wanted};
use crate::never_began::NeverBegan;
use crate::open::{self, Common};
use crate::pace::Pace;
use crate::seed;
use crate::transport::Dialler;
use crate::version::{self, Versions};
use crate::way::Manners;
use async_trait::async_trait;
use enlace_domain::address::{Jid, Person, Server};
use enlace_domain::id::SessionId;
use enlace_domain::port::whatsapp::{Identity, OpenRequest};
use enlace_domain::port::{Connection, EngineError, Inbox, WhatsApp};
use enlace_domain::session::Network;
use parking_lot::Mutex;
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Prekeys per upload: as WhatsApp's own client, and as few as a simulator needs.
const PREKEYS_WHATSAPP: usize = 812;
const PREKEYS_SIMULATOR: usize = 50;

/// WhatsApp and the simulated network behind one door.
pub struct WebEngine {
    config: EngineConfig,
    common: Common,
    whatsapp: Option<open::Network>,
    simulator: Option<open::Network>,
    latest: Mutex<HashMap<SessionId, Weak<WebConnection>>>,
}

impl WebEngine {
    /// Dials nothing yet. Expects to be used inside a Tokio runtime.
    pub fn new(config: EngineConfig) -> Self {
        let common = Common { companion: config.companion.clone(), limits: config.limits.clone() };
        let body = config.limits.http_body;
        let whatsapp = config.whatsapp.as_ref().map(|whatsapp| open::Network {
            name: Network::Whatsapp,
            dialler: Dialler::web_socket(&whatsapp.url, whatsapp.tls_authority.as_deref()),
            http: http::client(Wanted { body, ..Wanted::default() }),
            authority: None,
            manners: Some(manners(whatsapp)),
            speed: 1.0,
            prekeys: prekeys(&config.limits, PREKEYS_WHATSAPP),
        });
        let simulator = config.simulator.as_ref().map(|simulator| open::Network {
            name: Network::Simulator,
            dialler: Dialler::door(&simulator.door),
            http: http::client(Wanted {
                body,
                authority: simulator.media_ca_pem.as_deref(),
                ..Wanted::default()
            }),
            authority: simulator.media_ca_pem.clone(),
            manners: None,
            speed: if simulator.speed > 0.0 { simulator.speed } else { 1.0 },
            prekeys: prekeys(&config.limits, PREKEYS_SIMULATOR),
        });
        Self { config, common, whatsapp, simulator, latest: Mutex::new(HashMap::new()) }
    }

    fn network(&self, network: Network) -> Result<&open::Network, EngineError> {
        let known = match network {
            Network::Whatsapp => self.whatsapp.as_ref(),
            Network::Simulator => self.simulator.as_ref(),
        };
        known.ok_or(EngineError::NetworkUnavailable(network))
    }

    /// Two clients on one key store would spend the same message keys twice; so the former must have ended.
    async fn retire_former(&self, session: &SessionId) {
        let former = self.latest.lock().get(session).and_then(Weak::upgrade);
        if let Some(former) = former.filter(|former| !former.has_ended()) {
            former.close().await;
        }
    }

    fn remember(&self, session: SessionId, connection: &Arc<WebConnection>) {
        let mut latest = self.latest.lock();
        if latest.len() > 64 && latest.len().is_power_of_two() {
            latest.retain(|_, connection| connection.strong_count() > 0);
        }
        latest.insert(session, Arc::downgrade(connection));
    }
}

fn manners(whatsapp: &WhatsappNetwork) -> Manners {
    let page = Wanted { body: version::PAGE, within: Some(version::PAGE_WITHIN), ..Wanted::default() };
    Manners {
        versions: Arc::new(Versions::new(whatsapp.version.clone())),
        pace: Arc::new(Pace::new(whatsapp.pace.per_second, whatsapp.pace.burst)),
        page: http::client(page),
    }
}

fn prekeys(limits: &Limits, usual: usize) -> usize {
    limits.prekeys.unwrap_or(usual)
}

#[async_trait]
impl WhatsApp for WebEngine {
    fn offers(&self, network: Network) -> bool {
        self.network(network).is_ok()
    }

    async fn open(
        &self,
        request: OpenRequest,
        inbox: Arc<dyn Inbox>,
    ) -> Result<Arc<dyn Connection>, EngineError> {
        let network = self.network(request.network)?;
        self.retire_former(&request.session).await;
        let store = (self.config.keys)(&request.session);
        let linked = seed::prepare(store.as_ref(), network.name, self.config.simulator.as_ref())
            .await
            .map_err(|error| EngineError::Keys(Box::new(error)))?;
        if request.linked && !linked {
            return Ok(NeverBegan::begin(inbox));
        }
        let session = request.session.clone();
        let connection = open::open(network, &self.common, request, store, linked, inbox).await?;
        self.remember(session, &connection);
        Ok(connection)
    }

    async fn identity(&self, session: &SessionId) -> Result<Option<Identity>, EngineError> {
        let store = (self.config.keys)(session);
        let keys = |error: wacore::store::error::StoreError| EngineError::Keys(Box::new(error));
        let Some(device) = store.load().await.map_err(keys)? else { return Ok(None) };
        if device.account.is_none() {
            return Ok(None);
        }
        let Some(phone) = device.pn.as_ref().and_then(person::jid).and_then(|jid| jid.to_phone()) else {
            return Ok(None);
        };
        let lid = device.lid.as_ref().and_then(person::jid).filter(|lid| lid.server() == Server::Lid);
        let push_name = Some(device.push_name.clone()).filter(|name| !name.is_empty());
        Ok(Some(Identity { phone, lid, push_name }))
    }

    async fn device_keys(&self, session: &SessionId) -> Result<Option<SecretString>, EngineError> {
        forget::keys((self.config.keys)(session).as_ref()).await
    }

    async fn forget_device(&self, request: OpenRequest, keys: &SecretString) -> Result<(), EngineError> {
        let network = self.network(request.network)?;
        forget::forget(network, &self.common, self.config.simulator.as_ref(), request, keys).await
    }

    async fn person(&self, session: &SessionId, address: &Jid) -> Result<Person, EngineError> {
        let store = (self.config.keys)(session);
        let known = match address.server() {
            Server::Phone => store.get_pn_mapping(address.user()).await,
            Server::Lid => store.get_lid_mapping(address.user()).await,
            Server::Group | Server::Newsletter | Server::Broadcast => return Ok(Person::default()),
        };
        let mut person = Person::from_jids([address.clone()]);
        if let Some(known) = known.map_err(|error| EngineError::Keys(Box::new(error)))? {
            person.pn.get_or_insert_with(|| Jid::from_parts(&known.phone_number, Server::Phone));
            person.lid.get_or_insert_with(|| Jid::from_parts(&known.lid, Server::Lid));
        }
        Ok(person)
    }

    fn new_message_id(&self) -> String {
        // As WhatsApp Web: a fixed beginning and nine random bytes.
        let random: [u8; 9] = rand::random();
        random.iter().fold(String::from("3EB0"), |id, byte| id + &format!("{byte:02X}"))
    }
}
