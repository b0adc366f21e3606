//! A simulated network in memory on 127.0.0.1, until it is interrupted: `cargo run -p enlace-simulator --example serve`.
//! The first argument is the address to listen on (default `127.0.0.1:7331`), the second a folder to keep the state in.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use enlace_simulator::{Simulator, SimulatorConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:7331".to_owned());
    let simulator = match arguments.next() {
        Some(folder) => Simulator::open(Path::new(&folder), SimulatorConfig::default())?,
        None => Simulator::start(SimulatorConfig::default())?,
    };
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let info = serde_json::to_string_pretty(&simulator.info(&base))?;
    writeln!(std::io::stdout(), "{info}\ncontrol API: {base}/simulator/v1")?;
    let app = simulator.router().into_make_service_with_connect_info::<SocketAddr>();
    let interrupted = simulator.clone();
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            // An interrupt that cannot be waited for ends the example at once.
            let _ = tokio::signal::ctrl_c().await;
            interrupted.shutdown().await;
        })
        .await?;
    simulator.shutdown().await;
    Ok(())
}
