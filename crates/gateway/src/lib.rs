//! The gateway: configuration, wiring, life cycle. No logic about sessions, HTTP or WhatsApp lives here.
//!
//! [`run`] is what the binary `enlace` does: it reads the command line ([`cli`]) and the [`settings`], takes ownership of
//! the data directory, plugs the store, the engine, the simulated network and the web surface together ([`running`]),
//! and ends them in order. [`client`] is a small HTTP client that the demo, the end-to-end tests and the bench share.

#![deny(missing_docs)]

pub mod cli;
pub mod client;
pub mod data_dir;
mod demo;
mod dialects;
mod doctor;
mod keys;
mod life;
mod link;
mod logging;
mod network;
mod reference;
pub mod running;
mod serve;
pub mod settings;
mod simulator;
mod terminal;
mod tls;
mod troubleshooting;
mod values;

use clap::CommandFactory;
use cli::{Cli, Command, KeysCommand};
use std::io;
use std::process::ExitCode;

/// Why the program ends with a status other than 0: a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    /// The log filter.
    #[error(transparent)]
    Log(#[from] logging::LogFilterError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] data_dir::DataDirError),
    /// The listener, the store, the key, the network.
    #[error(transparent)]
    Running(#[from] running::RunningError),
    /// The offline key commands.
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
    /// `enlace link`.
    #[error(transparent)]
    Link(#[from] link::LinkError),
    /// `enlace doctor` found something.
    #[error("{0} of the checks failed; what to do is said beside each of them")]
    Doctor(usize),
    /// `enlace simulator`.
    #[error(transparent)]
    Simulator(#[from] enlace_simulator::SimulatorError),
    /// The asynchronous runtime.
    #[error("the system gives this program no threads or event queue")]
    Runtime(#[source] io::Error),
    /// Signals.
    #[error("the system lets this program listen to no signals")]
    Signals(#[source] io::Error),
    /// The demo's folder.
    #[error("a temporary folder can't be made; point TMPDIR to a place that can be written")]
    TemporaryFolder(#[source] io::Error),
    /// A step of the demo did not happen.
    #[error("the demo did not come to its end")]
    Demo(#[source] anyhow::Error),
    /// The orderly end took too long or was cut short by a signal.
    #[error("the orderly end was cut short; nothing stored is lost")]
    Cut,
}

/// Runs a command to its end.
pub fn run(cli: &Cli) -> ExitCode {
    install_crypto_provider();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(format_args!("enlace: {}", sentence(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Installs the one provider of cryptography for every TLS connection of the process. Further calls change nothing.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An error with what caused it, in one line.
fn sentence(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// What a command prints that does nothing else.
fn printed(command: &Command) -> Option<String> {
    match command {
        Command::Openapi => Some(enlace_web::openapi()),
        Command::Reference => Some(reference::markdown()),
        Command::Troubleshooting => Some(troubleshooting::markdown()),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "enlace", &mut script);
            Some(String::from_utf8_lossy(&script).into_owned())
        }
        _ => None,
    }
}

fn dispatch(cli: &Cli) -> Result<(), StartError> {
    if let Some(text) = printed(&cli.command) {
        terminal::write_line(format_args!("{}", text.trim_end()));
        return Ok(());
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    let environment = settings::environment();
    let done = runtime.block_on(async {
        match &cli.command {
            Command::Serve(args) => serve::run(args, &cli.log, &environment).await,
            Command::Demo(args) => demo::run(args, &cli.log, &environment).await,
            Command::Simulator(args) => simulator::run(args, &cli.log, &environment).await,
            Command::Keys(KeysCommand::ResetAdmin(args)) => Ok(keys::reset_admin(args, &environment).await?),
            Command::Keys(KeysCommand::List(args)) => Ok(keys::list(args, &environment).await?),
            Command::Link(args) => link::run(args, &cli.log, &environment).await,
            Command::Doctor(args) => doctor::run(args, &cli.log, &environment).await,
            Command::Openapi | Command::Completions(_) | Command::Reference | Command::Troubleshooting => {
                Ok(())
            }
        }
    });
    // Whatever still runs was asked to end, and had its time.
    runtime.shutdown_background();
    done
}
