//! `enlace demo`: the main job, told step by step. Everything goes through the public HTTP API of a gateway on a temporary
//! folder and free ports, and through the simulated network's control API, which stands for the hands at the phones.

mod camera;
mod ears;
mod stage;

use crate::cli::{DemoArgs, LogArgs};
use crate::data_dir::DataDir;
use crate::life::Signals;
use crate::running::Running;
use crate::settings::{Environment, Settings, SimulatorMode};
use crate::terminal::say;
use crate::{StartError, logging};
use anyhow::Result;
use secrecy::{ExposeSecret, SecretString};
use stage::Stage;
use std::time::Duration;

const INTRODUCTION: &str = "
  Enlace demo: two WhatsApp numbers are linked and write to each other.
  SIMULATED: the network and the phones are inside this program. No number, no phone and no internet is involved.
  Everything below happens over the same HTTP API that a real number is linked with.";

/// Tells the story.
pub(crate) async fn run(args: &DemoArgs, log: &LogArgs, environment: &Environment) -> Result<(), StartError> {
    let mut settings = Settings::without_file(log, environment)?;
    "127.0.0.1:0".clone_into(&mut settings.server.listen);
    settings.simulator.mode = SimulatorMode::Embedded;
    if log.filter.is_none() {
        // The story is in the foreground; what goes wrong is still seen.
        "warn".clone_into(&mut settings.log.filter);
    }
    let key = random_key();
    settings.secrets.admin_key = Some(key.clone());
    settings.secrets.master_key = Some(random_key());
    logging::start(&settings.log)?;

    let folder =
        tempfile::Builder::new().prefix("enlace-demo-").tempdir().map_err(StartError::TemporaryFolder)?;
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    say!("{INTRODUCTION}");
    let running = Running::start(&settings, DataDir::open(folder.path())?).await?;
    let url = running.url();
    let told = tokio::select! {
        told = tell(&url, key.expose_secret()) => told,
        () = signals.next() => Err(anyhow::anyhow!("a signal ended the demo")),
    };
    if told.is_ok() && !args.exit {
        say!("{}", how_to_go_on(&url, key.expose_secret()));
        signals.next().await;
    }
    let limit = Duration::from_secs(settings.server.shutdown_seconds);
    signals.bound(running.stop(), limit).await;
    told.map_err(StartError::Demo)
}

/// 256 random bits, as keys are written.
pub(crate) fn random_key() -> SecretString {
    hex::encode(rand::random::<[u8; 32]>()).into()
}

async fn tell(url: &str, key: &str) -> Result<()> {
    let mut stage = Stage::open(url, key).await?;
    stage.buy_phones().await?;
    stage.create_sessions().await?;
    stage.link_by_qr().await?;
    stage.link_by_code().await?;
    stage.send_through_the_api().await?;
    stage.write_on_the_phone().await?;
    stage.check().await
}

fn how_to_go_on(url: &str, key: &str) -> String {
    format!(
        "
  Go on by yourself; this keeps serving until Ctrl-C, then the temporary folder is removed.

    API            {url}/v1            reference: {url}/docs
    admin key      {key}
    phones         {url}/simulator/v1  (SIMULATED: their hands; no key needed on this machine)

    export KEY={key}
    curl -H \"Authorization: Bearer $KEY\" {url}/v1/sessions
    curl -N -H \"Authorization: Bearer $KEY\" {url}/v1/events?after=0
    curl -H \"Authorization: Bearer $KEY\" -X POST {url}/v1/sessions/ana/messages \\
         -H 'Content-Type: application/json' -d '{{\"to\": \"+999 200 000 001\", \"text\": \"Once more\"}}'
    curl {url}/simulator/v1/phones"
    )
}
