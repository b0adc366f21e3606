//! The networks that sessions can join, as the settings name them.

use crate::settings::{SimulatorMode, SimulatorSettings};
use enlace_engine::{BytePipe, Door, SimulatorNetwork};
use enlace_simulator::{Simulator, SimulatorConfig, SimulatorError};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The simulated network's folder in the data directory.
pub(crate) const FOLDER: &str = "simulator";
/// For how long a simulator elsewhere may take to answer while both start.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The simulated network, wherever it is.
pub(crate) enum Simulated {
    /// There is none.
    Off,
    /// In this process.
    Embedded(Simulator),
    /// In another one.
    Elsewhere(Info),
}

/// What a simulator says of itself at `GET /simulator/v1/info`, as far as it is needed here.
#[derive(Debug, Deserialize)]
pub(crate) struct Info {
    ws_url: String,
    noise_static_public_key: String,
    media_ca: Option<String>,
}

/// The simulated network can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The embedded one.
    #[error(transparent)]
    Embedded(#[from] SimulatorError),
    /// The one elsewhere does not answer.
    #[error(
        "the simulator at {url} does not answer; start it with `enlace simulator`, or correct --simulator"
    )]
    Unreachable {
        /// Its address.
        url: String,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// The one elsewhere wants a key.
    #[error(
        "the simulator at {url} talks to its own machine only, or wants a key; set the same control_key in the \
         section [simulator] of both"
    )]
    Refused {
        /// Its address.
        url: String,
    },
    /// The one elsewhere is none.
    #[error("what answers at {url} is no Enlace simulator ({detail}); correct --simulator")]
    NoSimulator {
        /// Its address.
        url: String,
        /// What was wrong.
        detail: String,
    },
}

/// The simulator's own settings.
pub(crate) fn config(settings: &SimulatorSettings) -> SimulatorConfig {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    SimulatorConfig {
        speed: settings.speed,
        refs: settings.refs,
        code_seconds: settings.code_seconds,
        ban_seconds: settings.ban_seconds,
        control_key: given(settings.control_key.expose_secret()),
        media_listen: settings.media_listen,
        media_host: given(&settings.media_host),
        ..SimulatorConfig::default()
    }
}

impl Simulated {
    /// Opens the embedded network, or asks the one elsewhere who it is.
    pub(crate) async fn open(settings: &SimulatorSettings, data_dir: &Path) -> Result<Self, NetworkError> {
        match &settings.mode {
            SimulatorMode::Off => Ok(Self::Off),
            SimulatorMode::Embedded => Ok(Self::Embedded(open_folder(data_dir, config(settings)).await?)),
            SimulatorMode::Url(url) => Ok(Self::Elsewhere(ask(url, &settings.control_key).await?)),
        }
    }

    /// How the engine reaches it and what makes its sessions trust it.
    pub(crate) fn network(
        &self,
        settings: &SimulatorSettings,
    ) -> Result<Option<SimulatorNetwork>, NetworkError> {
        let speed = settings.speed;
        match self {
            Self::Off => Ok(None),
            Self::Embedded(simulator) => {
                let door = simulator.clone();
                Ok(Some(SimulatorNetwork {
                    noise_static_public_key: simulator.noise_static_public_key(),
                    door: Door::Pipe(Arc::new(move || {
                        let pipe = door.connect();
                        BytePipe { to_server: pipe.to_server, from_server: pipe.from_server }
                    })),
                    media_ca_pem: Some(simulator.media_ca_pem().to_owned()),
                    speed,
                }))
            }
            Self::Elsewhere(info) => {
                let mut key = [0; 32];
                hex::decode_to_slice(&info.noise_static_public_key, &mut key).map_err(|error| {
                    NetworkError::NoSimulator {
                        url: info.ws_url.clone(),
                        detail: format!("its key: {error}"),
                    }
                })?;
                Ok(Some(SimulatorNetwork {
                    noise_static_public_key: key,
                    door: Door::WebSocket(info.ws_url.clone()),
                    media_ca_pem: info.media_ca.clone(),
                    speed,
                }))
            }
        }
    }
}

/// Opens the network in a data directory.
pub(crate) async fn open_folder(
    data_dir: &Path,
    config: SimulatorConfig,
) -> Result<Simulator, SimulatorError> {
    let folder = data_dir.join(FOLDER);
    // Reading it blocks.
    tokio::task::spawn_blocking(move || Simulator::open(&folder, config))
        .await
        .expect("opening does not panic")
}

/// Asks until it answers; both may be starting.
async fn ask(url: &str, control_key: &SecretString) -> Result<Info, NetworkError> {
    let unreachable = |source| NetworkError::Unreachable { url: url.to_owned(), source };
    let client = reqwest::Client::builder()
        // The control key goes to the simulator and to nobody in between.
        .no_proxy()
        .tls_backend_preconfigured(crate::tls::client_config())
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(5))
        .build()
        .map_err(unreachable)?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    let answer = loop {
        let mut question = client.get(format!("{url}/simulator/v1/info"));
        if !control_key.expose_secret().is_empty() {
            question = question.bearer_auth(control_key.expose_secret());
        }
        match question.send().await {
            Ok(answer) => break answer,
            Err(error) if error.is_connect() && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            Err(error) => return Err(unreachable(error)),
        }
    };
    let none = |detail: String| NetworkError::NoSimulator { url: url.to_owned(), detail };
    if answer.status() == StatusCode::FORBIDDEN {
        return Err(NetworkError::Refused { url: url.to_owned() });
    }
    if !answer.status().is_success() {
        return Err(none(format!("it answered {}", answer.status())));
    }
    answer.json().await.map_err(|error| none(error.without_url().to_string()))
}
