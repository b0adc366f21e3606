//! Which gateway the link is asked of: a given one, the one that owns the data directory, or one of our own.

use super::LinkError;
use crate::cli::{LinkArgs, LogArgs};
use crate::client::Api;
use crate::data_dir::{DataDir, DataDirError};
use crate::life::Signals;
use crate::running::Running;
use crate::settings::{ADMIN_KEY, Environment, Settings, SimulatorMode};
use crate::terminal::say;
use crate::{StartError, logging, serve};
use enlace_domain::id::KeyId;
use secrecy::ExposeSecret;
use std::time::Duration;

/// A gateway, and the way to it.
pub(super) struct Place {
    api: Api,
    own: Option<Own>,
}

/// A gateway that this process runs.
struct Own {
    running: Running,
    key: KeyId,
    shutdown: Duration,
}

impl Place {
    /// Finds it, or starts it.
    pub(super) async fn open(
        args: &LinkArgs,
        log: &LogArgs,
        environment: &Environment,
    ) -> Result<Self, StartError> {
        if let Some(url) = &args.url {
            // Not the admin key of the gateway here: whoever answers at that address may be anybody.
            return Ok(Self { api: elsewhere(url, args.key.as_deref())?, own: None });
        }
        let mut settings = Settings::load(&args.place.serve(Some("127.0.0.1:0")), log, environment)?;
        match DataDir::open(&settings.server.data_dir) {
            Ok(folder) => {
                if log.filter.is_none() {
                    // The QR is in the foreground; what goes wrong is still seen.
                    "warn".clone_into(&mut settings.log.filter);
                }
                Self::start(&settings, folder).await
            }
            Err(DataDirError::InUse { url: Some(url), .. }) => {
                let admin_key = environment.get(ADMIN_KEY);
                let key = args.key.as_deref().or(admin_key.map(String::as_str));
                Ok(Self { api: elsewhere(&url, key)?, own: None })
            }
            Err(taken @ DataDirError::InUse { .. }) => Err(LinkError::NotListening(taken).into()),
            Err(other) => Err(other.into()),
        }
    }

    async fn start(settings: &Settings, folder: DataDir) -> Result<Self, StartError> {
        logging::start(&settings.log)?;
        let running = Running::start(settings, folder).await?;
        let (key, secret) = running.temporary_key().await?;
        let url = running.url();
        say!("No gateway runs on {}: one of its own serves this link", settings.server.data_dir.display());
        serve::tell_admin_key(&running);
        if settings.simulator.mode != SimulatorMode::Off {
            say!("  network  SIMULATED: only simulated phones can link, not WhatsApp's");
        }
        if settings.simulator.mode == SimulatorMode::Embedded {
            say!("  phones   {url}/simulator/v1");
        }
        let api = Api::new(&url, Some(secret.expose_secret())).map_err(LinkError::from)?;
        let shutdown = Duration::from_secs(settings.server.shutdown_seconds);
        Ok(Self { api, own: Some(Own { running, key, shutdown }) })
    }

    /// A client of it.
    pub(super) fn api(&self) -> Api {
        self.api.clone()
    }

    /// What the person does next.
    pub(super) fn say_how_to_go_on(&self) {
        if self.own.is_some() {
            say!("The link is kept; `enlace serve` on the same folder uses it.");
        }
    }

    /// Ends our own gateway in order.
    pub(super) async fn close(self, signals: &mut Signals) {
        if let Some(Own { running, key, shutdown }) = self.own {
            let end = async {
                running.revoke_temporary_key(&key).await;
                running.stop().await;
            };
            signals.bound(end, shutdown).await;
        }
    }
}

fn elsewhere(url: &str, key: Option<&str>) -> Result<Api, LinkError> {
    let key = key.map(str::trim);
    let key = key.filter(|key| !key.is_empty()).ok_or_else(|| LinkError::KeyMissing(url.to_owned()))?;
    Ok(Api::new(url, Some(key))?)
}
