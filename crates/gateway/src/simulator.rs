//! `enlace simulator`: the simulated network by itself.

use crate::StartError;
use crate::cli::{LogArgs, SimulatorArgs};
use crate::life::{Ending, Signals};
use crate::logging;
use crate::network;
use crate::running::{Listening, listen};
use crate::settings::{Environment, Settings};
use crate::terminal::say;
use std::time::Duration;

/// Runs the network until a signal.
pub(crate) async fn run(
    args: &SimulatorArgs,
    log: &LogArgs,
    environment: &Environment,
) -> Result<(), StartError> {
    let mut settings = Settings::without_file(log, environment)?;
    settings.simulator.speed = args.speed;
    settings.simulator.media_listen = args.media_listen;
    logging::start(&settings.log)?;
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    let listener = listen(&args.listen).await?;
    let folder = args.data_dir.join(network::FOLDER);
    let simulator = network::open_folder(&args.data_dir, network::config(&settings.simulator)).await?;
    let listening = Listening::start(listener, simulator.whole_router());
    let url = listening.url();
    say!("SIMULATED WhatsApp network on {url}");
    say!("  data     {}", folder.display());
    say!("  control  {url}/simulator/v1");
    say!("  use it   enlace serve --simulator={url}");
    signals.next().await;
    tracing::info!("stopping; a second signal does not wait");
    let end = async {
        listening.close();
        simulator.shutdown().await;
        listening.ended().await;
    };
    match signals.bound(end, Duration::from_secs(settings.server.shutdown_seconds)).await {
        Ending::Orderly => Ok(()),
        Ending::Cut => Err(StartError::Cut),
    }
}
