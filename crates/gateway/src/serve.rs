//! `enlace serve`.

use crate::cli::{LogArgs, ServeArgs};
use crate::data_dir::DataDir;
use crate::life::{Ending, Signals};
use crate::running::Running;
use crate::settings::{DEFAULTS, Environment, Settings, SimulatorMode};
use crate::terminal::say;
use crate::{StartError, logging};
use enlace_sessions::AdminKey;
use secrecy::ExposeSecret;
use std::time::Duration;

/// Runs the gateway until a signal.
pub(crate) async fn run(
    args: &ServeArgs,
    log: &LogArgs,
    environment: &Environment,
) -> Result<(), StartError> {
    if args.print_config {
        say!("{}", DEFAULTS.trim_end());
        return Ok(());
    }
    let settings = Settings::load(args, log, environment)?;
    logging::start(&settings.log)?;
    for name in &settings.unknown_names {
        tracing::warn!(%name, "this environment name is no setting; `enlace serve --print-config` lists all");
    }
    for doubt in settings.doubts() {
        tracing::warn!("{doubt}");
    }
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    let data_dir = DataDir::open(&settings.server.data_dir)?;
    let running = tokio::select! {
        running = Running::start(&settings, data_dir) => running?,
        () = signals.next() => return Ok(()),
    };
    greet(&running, &settings);
    signals.next().await;
    tracing::info!("stopping; a second signal does not wait");
    let limit = Duration::from_secs(settings.server.shutdown_seconds);
    match signals.bound(running.stop(), limit).await {
        Ending::Orderly => Ok(()),
        Ending::Cut => Err(StartError::Cut),
    }
}

fn greet(running: &Running, settings: &Settings) {
    let url = running.url();
    say!("Enlace {} listens on {url}", env!("CARGO_PKG_VERSION"));
    say!("  data     {}", settings.server.data_dir.display());
    say!("  API      {url}/v1      reference: {url}/docs");
    if !settings.server.public_url.is_empty() {
        say!("  others   {}/v1", settings.server.public_url);
    }
    for (dialect, url) in running.dialect_urls() {
        say!("  {:<14} {url}", dialect.as_str());
    }
    match &settings.simulator.mode {
        SimulatorMode::Off => {}
        SimulatorMode::Embedded => {
            say!("  network  SIMULATED: new sessions join the simulated network, not WhatsApp");
            say!("  phones   {url}/simulator/v1");
        }
        SimulatorMode::Url(simulator) => {
            say!("  network  SIMULATED, by {simulator}: new sessions join it, not WhatsApp");
        }
    }
    tell_admin_key(running);
}

/// What became of the admin key at this start: a new one is shown here and never again.
pub(crate) fn tell_admin_key(running: &Running) {
    match running.admin_key() {
        AdminKey::Created(key) => {
            say!("  admin key, shown this once: {}", key.expose_secret());
            say!("    keep it; `enlace keys reset-admin` makes another in its place");
        }
        AdminKey::Set => say!("  admin key: the one of ENLACE_ADMIN_KEY"),
        AdminKey::Exists => {}
        AdminKey::Differs => {
            tracing::warn!(
                "ENLACE_ADMIN_KEY is ignored: this gateway has an admin key already, and it is another one; \
                 `enlace keys reset-admin` makes a new one"
            );
        }
    }
}
