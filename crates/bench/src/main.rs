//! `enlace-bench`: figures of the release binary beside their budgets.
//!
//! It starts the binary itself, on temporary folders and free loopback ports, and drives it over HTTP as any program
//! would; only the drawing of QRs is measured in this process. Every part is bounded by a number of samples or sessions.
//! A figure that misses its budget is marked and counted; `--strict` makes that the exit status.

mod draw;
mod figure;
mod fleet;
mod link;
mod process;
mod relay;

use anyhow::{Context, Result};
use clap::Parser;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The exit statuses, which `--help` tells.
const MISSED: u8 = 1;
const NOT_MEASURED: u8 = 2;

/// Measures Enlace beside its budgets.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit status: 0 when everything was measured, also when a figure misses its budget: the table says MISSED and \
                  the last line counts them. 1 with --strict when one does. 2 when something could not be measured. \
                  Budgets are for 2 cores with nothing else to do; on a busy machine a miss means little."
)]
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
    /// End with status 1 when a figure misses its budget
    #[arg(long, env = "ENLACE_BENCH_STRICT")]
    strict: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let strict = args.strict;
    match measure(args).await {
        Ok(missed) if strict && missed > 0 => MISSED.into(),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "enlace-bench: {error:#}");
            NOT_MEASURED.into()
        }
    }
}

/// Prints the table, and gives how many figures miss their budget.
async fn measure(args: Args) -> Result<usize> {
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
    let missed = figures.iter().filter(|figure| !figure.holds()).count();
    let budgets = figures.iter().filter(|figure| figure.has_budget()).count();
    say(&format!("{missed} of {budgets} budgets missed"));
    Ok(missed)
}

/// A line for whoever waits.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader who went away is no error.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
