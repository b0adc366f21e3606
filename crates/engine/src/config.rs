//! What can be set about the engine. Owns defaults and their meaning; reads no file and no environment.

use bytes::Bytes;
use enlace_domain::id::SessionId;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Opens the key store of a session. Called at each opening and for each look at an identity; must be cheap.
pub type KeyStoreFactory = Arc<dyn Fn(&SessionId) -> Arc<dyn wacore::store::traits::Backend> + Send + Sync>;

/// How the engine is set up.
#[derive(Clone)]
pub struct EngineConfig {
    /// Where each session's keys lie.
    pub keys: KeyStoreFactory,
    /// The simulated network, where one runs.
    pub simulator: Option<SimulatorNetwork>,
    /// WhatsApp itself, where it is allowed.
    pub whatsapp: Option<WhatsappNetwork>,
    /// What the phone shows among its linked devices.
    pub companion: Companion,
    /// Bounds.
    pub limits: Limits,
}

impl EngineConfig {
    /// Neither network, all defaults.
    pub fn new(keys: KeyStoreFactory) -> Self {
        Self {
            keys,
            simulator: None,
            whatsapp: None,
            companion: Companion::default(),
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineConfig")
            .field("simulator", &self.simulator.is_some())
            .field("whatsapp", &self.whatsapp)
            .field("companion", &self.companion)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A simulated network and what makes its sessions trust it.
#[derive(Clone)]
pub struct SimulatorNetwork {
    /// The server's static key. Written into the device row of every session of this network before it is opened.
    pub noise_static_public_key: [u8; 32],
    /// How to reach it.
    pub door: Door,
    /// The authority of its media server, PEM. Trusted for media of this network only.
    pub media_ca_pem: Option<String>,
    /// Divides the library's waits while a session links (its QRs live 60 s and 20 s). 1 is real time.
    pub speed: f64,
}

/// How to reach a simulated network.
#[derive(Clone)]
pub enum Door {
    /// In this process: each call dials once.
    Pipe(Arc<dyn Fn() -> BytePipe + Send + Sync>),
    /// A WebSocket, e.g. `ws://127.0.0.1:8080/ws/chat`.
    WebSocket(String),
}

/// A plain pair of byte streams. Chunks carry no meaning of their own. Dropping one end closes it.
pub struct BytePipe {
    /// What the client says.
    pub to_server: mpsc::Sender<Bytes>,
    /// What the server says; its end is the end of the connection.
    pub from_server: mpsc::Receiver<Bytes>,
}

/// WhatsApp itself.
#[derive(Clone, Debug)]
pub struct WhatsappNetwork {
    /// Where to dial. Tests point it elsewhere; the certificate chain that is demanded stays WhatsApp's.
    pub url: String,
    /// The one authority that TLS trusts there, PEM. `None`: the public ones. The certificate chain inside is another
    /// matter and stays WhatsApp's either way.
    pub tls_authority: Option<String>,
    /// The version told to it.
    pub version: VersionPolicy,
    /// How fast it is dialled.
    pub pace: DialPace,
}

impl Default for WhatsappNetwork {
    fn default() -> Self {
        Self {
            url: "wss://web.whatsapp.com/ws/chat".to_owned(),
            tls_authority: None,
            version: VersionPolicy::default(),
            pace: DialPace::default(),
        }
    }
}

/// How fast WhatsApp is dialled, by all sessions together.
#[derive(Clone, Copy, Debug)]
pub struct DialPace {
    /// Dials a second, on average.
    pub per_second: f64,
    /// Dials at once after a rest.
    pub burst: u32,
}

impl Default for DialPace {
    fn default() -> Self {
        Self { per_second: 2.0, burst: 5 }
    }
}

/// Which version of WhatsApp Web is told to WhatsApp. On a simulated network it is always [`ClientVersion::BUILT_IN`].
#[derive(Clone, Debug)]
pub struct VersionPolicy {
    /// This one and no other.
    pub pinned: Option<ClientVersion>,
    /// The page that names the newest; empty: none is read.
    pub url: String,
    /// The file in which the last one that WhatsApp took is kept.
    pub kept: Option<PathBuf>,
}

impl Default for VersionPolicy {
    fn default() -> Self {
        Self { pinned: None, url: "https://web.whatsapp.com/sw.js".to_owned(), kept: None }
    }
}

/// A version of WhatsApp Web.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientVersion(pub u32, pub u32, pub u32);

impl fmt::Display for ClientVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, revision) = self;
        write!(f, "{major}.{minor}.{revision}")
    }
}

impl ClientVersion {
    /// The version this build was made for.
    pub const BUILT_IN: Self = Self(2, 3000, 1_042_742_319);

    /// Reads three numbers with dots between them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }
}

/// What the phone shows among its linked devices.
#[derive(Clone, Debug)]
pub struct Companion {
    /// The name, shown for devices linked by QR.
    pub name: String,
    /// The icon, and the browser that a pairing code claims. WhatsApp refuses unusual ones.
    pub platform: Platform,
}

impl Default for Companion {
    fn default() -> Self {
        Self { name: "Enlace".to_owned(), platform: Platform::Chrome }
    }
}

/// A browser or program that WhatsApp accepts as a companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Google Chrome.
    Chrome,
    /// Microsoft Edge.
    Edge,
    /// Mozilla Firefox.
    Firefox,
    /// Apple Safari.
    Safari,
    /// Opera.
    Opera,
    /// WhatsApp's own desktop program.
    Desktop,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Chrome, Self::Edge, Self::Firefox, Self::Safari, Self::Opera, Self::Desktop];

    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Edge => "edge",
            Self::Firefox => "firefox",
            Self::Safari => "safari",
            Self::Opera => "opera",
            Self::Desktop => "desktop",
        }
    }

    /// The platform of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == name)
    }
}

/// Bounds of what one connection may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a pairing code may wait for its socket and the network's readiness.
    pub code_ready: Duration,
    /// How long a sent message may wait for the server's acknowledgement.
    pub ack: Duration,
    /// How long logging out may take.
    pub logout: Duration,
    /// How long flushing at the end may take.
    pub close: Duration,
    /// How long keeping one receipt may hold its acknowledgement back.
    pub receipt: Duration,
    /// How long a sent message can be sent again to a device that asks. Long, because a group member who could not
    /// read it may ask days later.
    pub resend: Duration,
    /// One-time prekeys uploaded at once. `None`: 812 on WhatsApp, as its own client does; 50 on a simulator.
    pub prekeys: Option<usize>,
    /// Largest HTTP answer read into memory, in bytes.
    pub http_body: u64,
    /// Whether the history that a phone offers a new companion is taken. Off, it is acknowledged and left alone: a
    /// gateway starts with the messages that arrive while it is linked.
    pub history: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            code_ready: Duration::from_secs(20),
            ack: Duration::from_secs(30),
            logout: Duration::from_secs(5),
            close: Duration::from_secs(10),
            receipt: Duration::from_secs(10),
            resend: Duration::from_hours(48),
            prekeys: None,
            http_body: 128 * 1024 * 1024,
            history: false,
        }
    }
}
