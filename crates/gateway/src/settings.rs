//! The settings: the commented default file, a file of the user's, the environment, and the flags, in that order.
//!
//! Every key is in the default file, so that file is the list of what can be set, of the environment's names, and of
//! what a user's file may contain.

mod dialects;
mod ranges;
mod whatsapp;

pub use dialects::{BaileysApiSettings, DialectSettings, ZApiSettings};
pub use whatsapp::WhatsappSettings;

use crate::cli::{LogArgs, ServeArgs, environment_names};
use crate::values;
use config::{Config, ConfigError, File, FileFormat, Value, ValueKind};
use enlace_domain::session::LINK_ROUNDS;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The default settings with their comments.
pub const DEFAULTS: &str = include_str!("../../../config/enlace.default.toml");

pub(crate) const ADMIN_KEY: &str = "ENLACE_ADMIN_KEY";
const MASTER_KEY: &str = "ENLACE_MASTER_KEY";

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The process.
    pub server: ServerSettings,
    /// Logging.
    pub log: LogSettings,
    /// Linking.
    pub link: LinkSettings,
    /// All sessions.
    pub sessions: SessionSettings,
    /// How often may be asked.
    pub limits: LimitSettings,
    /// WhatsApp itself.
    pub whatsapp: WhatsappSettings,
    /// Z-API.
    pub z_api: ZApiSettings,
    /// Wassenger and its white labels.
    pub wassenger: DialectSettings,
    /// Press Ticket.
    pub press_ticket: DialectSettings,
    /// baileys-api.
    pub baileys_api: BaileysApiSettings,
    /// The simulated network.
    pub simulator: SimulatorSettings,
    /// What only the environment gives.
    #[serde(skip)]
    pub secrets: Secrets,
    /// Names in the environment that look like settings and are none: worth a warning.
    #[serde(skip)]
    pub unknown_names: Vec<String>,
}

/// The process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// `host:port`.
    pub listen: String,
    /// The folder of everything that is kept.
    pub data_dir: PathBuf,
    /// A file with the master key; empty for none.
    pub master_key_file: PathBuf,
    /// Where others reach the API; empty where that is not known.
    #[serde(deserialize_with = "values::base_url")]
    pub public_url: String,
    /// Proxies whose word is taken for where a request came from.
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How long an orderly end may take.
    pub shutdown_seconds: u64,
}

/// Logging.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Directives of `tracing-subscriber`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Linking.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// For how long a look keeps QRs rotating.
    pub watch_seconds: u64,
    /// QR rounds per link request, where the session has no number of its own.
    #[serde(deserialize_with = "rounds")]
    pub max_rounds: u32,
}

fn rounds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let rounds = u32::deserialize(deserializer)?;
    if LINK_ROUNDS.contains(&rounds) {
        return Ok(rounds);
    }
    let (least, most) = (LINK_ROUNDS.start(), LINK_ROUNDS.end());
    Err(D::Error::custom(format!("link.max_rounds is {rounds} and must be {least} to {most}")))
}

/// All sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// Logins at the same time after a start.
    pub resume_parallel: usize,
    /// First delay of a reconnect.
    pub reconnect_first_seconds: u64,
    /// Longest delay of a reconnect.
    pub reconnect_max_seconds: u64,
    /// Silence after which a session is stalled.
    pub proof_seconds: u64,
    /// For how long an `Idempotency-Key` is remembered.
    pub idempotency_hours: u64,
    /// How many messages of a session may wait.
    pub outbox_limit: usize,
}

/// How often may be asked, each a number a minute; 0 is no limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Requests with one key.
    pub key_per_minute: u32,
    /// Requests about one session.
    pub session_per_minute: u32,
    /// Asks for a QR or a code of one session.
    pub link_per_minute: u32,
    /// Wrong keys from one address.
    pub refused_per_minute: u32,
}

/// The simulated network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatorSettings {
    /// Whether there is one, and where.
    pub mode: SimulatorMode,
    /// Divides its waits.
    pub speed: f64,
    /// QRs a round.
    pub refs: usize,
    /// A pairing code's life.
    pub code_seconds: u64,
    /// A ban's length.
    pub ban_seconds: u64,
    /// Opens the control API to others; empty for none.
    #[serde(deserialize_with = "secret")]
    pub control_key: SecretString,
    /// Where media are served.
    pub media_listen: SocketAddr,
    /// What clients are told instead; empty for none.
    pub media_host: String,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// Whether there is a simulated network, and where.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SimulatorMode {
    /// There is none.
    Off,
    /// In this process.
    Embedded,
    /// Another process, at this base address without a trailing slash.
    Url(String),
}

impl TryFrom<String> for SimulatorMode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "" | "off" | "false" | "0" | "no" => Ok(Self::Off),
            "embedded" | "on" | "true" | "1" | "yes" => Ok(Self::Embedded),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Self::Url(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(format!(
                "`{text}` says nothing about a simulator; it is off, embedded, or the http:// address of one"
            )),
        }
    }
}

/// What only the environment gives.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Becomes the admin key at the first start.
    pub admin_key: Option<SecretString>,
    /// Seals the secrets in the database.
    pub master_key: Option<SecretString>,
}

/// The settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there or not TOML.
    #[error("the configuration file {} can't be used: {detail}; correct --config, or the file: `enlace serve --print-config` prints one to begin with", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A key that does not exist.
    #[error("{}: there is no setting `{key}`{}; `enlace serve --print-config` lists all", path.display(), hint(near.as_deref()))]
    UnknownKey {
        /// Which file.
        path: PathBuf,
        /// The key, with its section.
        key: String,
        /// A key that is spelt much like it.
        near: Option<String>,
    },
    /// A value of the wrong kind or range.
    #[error("a setting can't be used: {0}")]
    Value(String),
}

fn hint(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

/// What the environment says, read once.
pub type Environment = BTreeMap<String, String>;

/// Reads the environment of the process. Names and values that are not Unicode are left out.
pub fn environment() -> Environment {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).filter(|(name, _)| name.starts_with("ENLACE_")).collect()
}

impl Settings {
    /// Puts the settings of `enlace serve` together.
    pub fn load(args: &ServeArgs, log: &LogArgs, environment: &Environment) -> Result<Self, SettingsError> {
        let mut flags = BTreeMap::new();
        let mut flag =
            |key: &str, value: Option<String>| value.map(|value| flags.insert(key.to_owned(), value));
        flag("server.listen", args.listen.clone());
        flag("server.data_dir", args.place.data_dir.as_ref().map(|dir| dir.to_string_lossy().into_owned()));
        flag("simulator.mode", args.place.simulator.clone());
        flag("log.filter", log.filter.clone());
        flag("log.format", log.format.clone());
        Self::assemble(args.place.config.as_deref(), environment, flags)
    }

    /// The defaults with the environment's changes, for commands that read no file.
    pub fn without_file(log: &LogArgs, environment: &Environment) -> Result<Self, SettingsError> {
        Self::load(&ServeArgs::default(), log, environment)
    }

    fn assemble(
        file: Option<&Path>,
        environment: &Environment,
        flags: BTreeMap<String, String>,
    ) -> Result<Self, SettingsError> {
        let known = known_keys();
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            refuse_unknown_keys(path, &known)?;
            builder = builder.add_source(File::from(path).format(FileFormat::Toml));
        }
        let names: BTreeMap<String, &String> = known.iter().map(|key| (environment_name(key), key)).collect();
        let from_environment =
            names.iter().filter_map(|(name, key)| Some(((*key).clone(), environment.get(name)?)));
        let mut overrides: BTreeMap<String, String> =
            from_environment.map(|(key, value)| (key, value.clone())).collect();
        overrides.extend(flags);
        for (key, value) in overrides {
            builder = builder.set_override(key, value).map_err(|error| value_error(&error))?;
        }
        let mut settings: Self =
            builder.build().and_then(Config::try_deserialize).map_err(|error| value_error(&error))?;
        let secret = |name: &str| environment.get(name).filter(|v| !v.is_empty()).map(|v| v.clone().into());
        settings.secrets = Secrets { admin_key: secret(ADMIN_KEY), master_key: secret(MASTER_KEY) };
        let of_flags = environment_names();
        let is_secret = |name: &str| [ADMIN_KEY, MASTER_KEY].contains(&name);
        let is_known =
            |name: &&String| names.contains_key(*name) || of_flags.contains(*name) || is_secret(name);
        settings.unknown_names = environment.keys().filter(|name| !is_known(name)).cloned().collect();
        ranges::check(&settings)?;
        Ok(settings)
    }

    /// What can be used but is rarely meant, a sentence each.
    pub fn doubts(&self) -> Vec<String> {
        ranges::doubts(self)
    }
}

fn value_error(error: &ConfigError) -> SettingsError {
    SettingsError::Value(error.to_string())
}

/// The environment's name of a key.
pub(crate) fn environment_name(key: &str) -> String {
    let name = key.strip_prefix("server.").unwrap_or(key);
    format!("ENLACE_{}", name.replace('.', "_").to_ascii_uppercase())
}

/// Every key of the default file, with its section.
pub(crate) fn known_keys() -> Vec<String> {
    let defaults = Config::builder()
        .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
        .build()
        .expect("the built-in default file is TOML; a test reads it");
    let mut keys = Vec::new();
    collect_keys("", &defaults.cache, &mut keys);
    keys
}

fn collect_keys(prefix: &str, value: &Value, keys: &mut Vec<String>) {
    let ValueKind::Table(table) = &value.kind else {
        keys.push(prefix.to_owned());
        return;
    };
    for (name, inner) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        collect_keys(&path, inner, keys);
    }
}

fn refuse_unknown_keys(path: &Path, known: &[String]) -> Result<(), SettingsError> {
    let file = Config::builder()
        .add_source(File::from(path).format(FileFormat::Toml))
        .build()
        .map_err(|error| SettingsError::File { path: path.to_owned(), detail: error.to_string() })?;
    let mut keys = Vec::new();
    collect_keys("", &file.cache, &mut keys);
    match keys.into_iter().find(|key| !known.contains(key)) {
        None => Ok(()),
        Some(key) => {
            let near = known.iter().min_by_key(|other| distance(&key, other));
            let near = near.filter(|other| distance(&key, other) <= 3).cloned();
            Err(SettingsError::UnknownKey { path: path.to_owned(), key, near })
        }
    }
}

/// How many characters must be changed, added or left out to make one text the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
