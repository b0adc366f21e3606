//! `enlace-bench`: figures of the release binary beside their budgets.
//!
//! It starts the binary itself, on temporary folders and free loopback ports, and drives it over HTTP as any program
//! would; only the drawing of QRs is measured in this process. Every part is bounded by a number of samples or sessions.
//! A figure that misses its budget is marked and counted; `--strict` makes that the exit status.

mod disk;
mod draw;
mod figure;
mod fleet;
mod link;
mod pace;
mod peer;
mod process;
mod relay;
mod storm;
mod trouble;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use figure::Figure;
use std::io::Write;
use std::path::{Path, PathBuf};
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
    /// The smaller and the larger number of linked sessions for memory and resume; the storm and the connect limit take
    /// the larger
    #[arg(long, value_name = "N,N", env = "ENLACE_BENCH_SESSIONS", value_delimiter = ',', default_values_t = [100, 1_000])]
    sessions: Vec<usize>,
    /// Links by QR, and as many by code, while the network misbehaves
    #[arg(long, value_name = "N", env = "ENLACE_BENCH_LINKS", default_value_t = 1_000)]
    links: usize,
    /// How many of those are under way at the same time
    #[arg(long, value_name = "N", env = "ENLACE_BENCH_AT_ONCE", default_value_t = 64)]
    at_once: usize,
    /// Draws which link meets which fault
    #[arg(long, value_name = "N", env = "ENLACE_BENCH_SEED", default_value_t = 3)]
    seed: u64,
    /// Measure these parts only
    #[arg(long, value_name = "PART", env = "ENLACE_BENCH_ONLY", value_delimiter = ',')]
    only: Vec<Part>,
    /// End with status 1 when a figure misses its budget
    #[arg(long, env = "ENLACE_BENCH_STRICT")]
    strict: bool,
}

/// A part that can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Drawing a QR in each form
    Draw,
    /// The times of linking, one session after the other
    Link,
    /// Memory, resume, and a storm of reconnects of many linked sessions
    Fleet,
    /// Many links at once while the network misbehaves
    Faults,
    /// The connect limit of the network `whatsapp`
    Pace,
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
    let binary = match &args.enlace {
        Some(binary) => binary.clone(),
        None => std::env::current_exe()?.with_file_name("enlace"),
    };
    let mut figures = vec![process::size(&binary).with_context(|| format!("{}", binary.display()))?];
    figures.push(disk::measure()?);
    for part in Part::value_variants() {
        if args.only.is_empty() || args.only.contains(part) {
            figures.extend(measure_part(*part, &binary, &args).await?);
        }
    }
    say(&figure::table(&figures));
    let missed = figures.iter().filter(|figure| !figure.holds()).count();
    let budgets = figures.iter().filter(|figure| figure.has_budget()).count();
    say(&format!("{missed} of {budgets} budgets missed"));
    Ok(missed)
}

async fn measure_part(part: Part, binary: &Path, args: &Args) -> Result<Vec<Figure>> {
    let Args { samples, sessions, links, at_once, seed, .. } = args;
    let largest = sessions.iter().copied().max().unwrap_or_default().max(1);
    match part {
        Part::Draw => {
            say("drawing a QR in each form …");
            draw::measure()
        }
        Part::Link => {
            say(&format!("linking {samples} sessions one by one …"));
            link::measure(binary, *samples).await
        }
        Part::Fleet => {
            say(&format!("linking up to {sessions:?} sessions, simulator in its own process …"));
            let (mut figures, simulator_each) = fleet::over_websocket(binary, sessions).await?;
            say(&format!("linking up to {sessions:?} sessions, simulator in the same process …"));
            figures.extend(fleet::in_process(binary, sessions, &simulator_each).await?);
            say("linking 50 sessions on one core …");
            figures.extend(fleet::on_one_core(binary).await?);
            Ok(figures)
        }
        Part::Faults => {
            say(&format!("linking {links} sessions by QR and {links} by code, with faults, seed {seed} …"));
            let wanted = trouble::Wanted { links: *links, at_once: *at_once, seed: *seed };
            trouble::measure(binary, wanted).await
        }
        Part::Pace => {
            say(&format!("{largest} sessions dial the network whatsapp at once, where the bench listens …"));
            pace::measure(binary, largest).await
        }
    }
}

/// A line for whoever waits.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader who went away is no error.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
