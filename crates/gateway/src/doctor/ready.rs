//! Whether the gateway serves, and nothing else: for health checks, which come every minute. It takes no lock and writes
//! nothing, so a slow disk makes no gateway unhealthy that answers.

use super::Report;
use crate::client::Api;
use crate::data_dir;
use crate::settings::Settings;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn ask(report: &mut Report, settings: &Settings) {
    // What the folder says first: the gateway may have taken a free port.
    let url = data_dir::announced(&settings.server.data_dir).unwrap_or_else(|| of_listener(settings));
    let ready = async { timeout(WITHIN, Api::new(&url, None)?.get("/readyz")).await??.expect_status(200) };
    match ready.await {
        Ok(_) => report.good("ready", format_args!("the gateway at {url} serves")),
        Err(error) => {
            report.bad("ready", format_args!("no gateway serves at {url} ({error:#}); look at its log"));
        }
    }
}

/// Where a gateway on this machine is reached that listens as the settings say.
fn of_listener(settings: &Settings) -> String {
    let listen = &settings.server.listen;
    let Ok(mut address) = listen.parse::<SocketAddr>() else { return format!("http://{listen}") };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip([127, 0, 0, 1].into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip([0, 0, 0, 0, 0, 0, 0, 1].into()),
        _ => {}
    }
    format!("http://{address}")
}
