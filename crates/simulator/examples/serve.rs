//! A network by itself on a free port of this machine, in memory; prints its control API's URL and runs until killed.
//! `enlace simulator` is the one to use; this shows how little is needed around the crate.

use std::io::Write as _;

use enlace_simulator::{Simulator, SimulatorConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulator = Simulator::start(SimulatorConfig::default())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}/simulator/v1", listener.local_addr()?)?;
    let router = simulator.router().into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, router).await?;
    Ok(())
}
