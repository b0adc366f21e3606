//! `enlace-bench`: figures of the release binary beside their budgets.
//!
//! It starts the binary itself, on temporary folders and free loopback ports, and drives it over HTTP as any program
//! would; only the drawing of QRs is measured in this process. Every part is bounded by a number of samples or sessions.
//! A figure that misses its budget makes the status 1, so that a regression is seen.

mod draw;
mod figure;
mod fleet;
mod link;
mod process;

use anyhow::{Context, Result};
use clap::Parser;
use figure::Figure;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures Enlace beside its budgets.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The binary to measure [default: `enlace` beside this one]
    #[arg(long, value_name = "FILE", env = "ENLACE_BENCH_BINARY")]
    enlace: Option<PathBuf>,
    /// Links measured for the times of linking
    #[arg(long, value_name = "N", env = "ENLACE_BENCH_SAMPLES", default_value_t = 60)]
    samples: usize,
    /// The smaller and the larger number of linked sessions for memory and resume
    #[arg(long, value_name = "N,N", env = "ENLACE_BENCH_SESSIONS", value_delimiter = ',', default_values_t = [100, 1_000])]
    sessions: Vec<usize>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match measure(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "enlace-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(args: Args) -> Result<bool> {
    let binary = match args.enlace {
        Some(binary) => binary,
        None => std::env::current_exe()?.with_file_name("enlace"),
    };
    let mut figures = vec![process::size(&binary).with_context(|| format!("{}", binary.display()))?];
    say("drawing a QR in each form …");
    figures.extend(draw::measure()?);
    say(&format!("linking {} sessions one by one …", args.samples));
    figures.extend(link::measure(&binary, args.samples).await?);
    say(&format!("linking up to {:?} sessions, simulator in its own process …", args.sessions));
    let (over_websocket, simulator_each) = fleet::over_websocket(&binary, &args.sessions).await?;
    figures.extend(over_websocket);
    say(&format!("linking up to {:?} sessions, simulator in the same process …", args.sessions));
    figures.extend(fleet::in_process(&binary, &args.sessions, &simulator_each).await?);
    say(&figure::table(&figures));
    Ok(figures.iter().all(Figure::holds))
}

/// A line for whoever waits.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader who went away is no error.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
