//! The binary `enlace`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    enlace_gateway::run(&enlace_gateway::cli::Cli::parse())
}
