//! The way to WhatsApp, step by step: each step needs the one before.

use super::{Report, version};
use crate::data_dir::DataDir;
use crate::demo::random_key;
use crate::running::Running;
use crate::settings::{Settings, SimulatorMode};
use crate::tls;
use anyhow::{Context, Result, bail, ensure};
use chrono::DateTime;
use enlace_domain::Fault;
use enlace_domain::clock::{Clock, SystemClock};
use enlace_domain::session::Network;
use enlace_sessions::CreateSession;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub(super) const STEP: Duration = Duration::from_secs(10);
/// For the handshake and the first QR.
const HANDSHAKE: Duration = Duration::from_secs(45);
/// For starting and ending around it.
const AROUND: Duration = Duration::from_secs(30);
/// How far the clock may be off before WhatsApp minds.
const CLOCK_OFF: i64 = 60;
/// What is read of an answer at most.
const ANSWER_MAX: u64 = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Where WhatsApp is.
struct Way {
    host: String,
    port: u16,
    path: String,
    tls: bool,
}

pub(super) async fn look(report: &mut Report, settings: &Settings) {
    let way = match Way::parse(&settings.whatsapp.url) {
        Ok(way) => way,
        Err(error) => {
            report.bad("address", format_args!("[whatsapp] url can't be used: {error:#}"));
            return;
        }
    };
    if let Some(addresses) = name(report, &way).await
        && socket(report, &addresses).await
        && certificate(report, &way, &addresses).await
    {
        version::look(report, settings).await;
        upgrade(report, &way, &addresses).await;
        handshake(report, settings).await;
    } else {
        report.skip("the rest", "what follows needs the step that failed");
    }
}

async fn name(report: &mut Report, way: &Way) -> Option<Vec<SocketAddr>> {
    let found = timeout(STEP, tokio::net::lookup_host((way.host.as_str(), way.port))).await;
    match found.map_err(|_| "no answer in time".to_owned()).and_then(|found| found.map_err(|e| e.to_string()))
    {
        Ok(found) => {
            let addresses: Vec<_> = found.collect();
            report.good("name", format_args!("{} has {} address(es)", way.host, addresses.len()));
            Some(addresses).filter(|addresses| !addresses.is_empty())
        }
        Err(error) => {
            report.bad(
                "name",
                format_args!(
                    "{} can't be resolved ({error}); look at this machine's DNS: /etc/resolv.conf",
                    way.host
                ),
            );
            None
        }
    }
}

async fn socket(report: &mut Report, addresses: &[SocketAddr]) -> bool {
    match connect(addresses).await {
        Ok(stream) => {
            let peer = stream.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
            report.good("socket", format_args!("{peer} takes connections"));
            true
        }
        Err(error) => {
            report.bad(
                "socket",
                format_args!(
                    "no connection ({error:#}); look for a firewall between this machine and the internet"
                ),
            );
            false
        }
    }
}

async fn certificate(report: &mut Report, way: &Way, addresses: &[SocketAddr]) -> bool {
    if !way.tls {
        report.skip("tls", "the address in [whatsapp] url is without TLS, as only tests have it");
        return true;
    }
    match way.open(addresses).await {
        Ok(_) => {
            report.good("tls", format_args!("the certificate of {} is good", way.host));
            true
        }
        Err(error) => {
            report.bad(
                "tls",
                format_args!(
                    "{error:#}; look for a proxy that opens TLS connections, and at this machine's clock"
                ),
            );
            false
        }
    }
}

/// `date`: what a server of WhatsApp's said that it is now.
pub(super) fn check_clock(report: &mut Report, date: &str) {
    let Ok(theirs) = DateTime::parse_from_rfc2822(date) else { return };
    let off = (SystemClock.now() - theirs.to_utc()).num_seconds();
    if off.abs() > CLOCK_OFF {
        report.bad("clock", format_args!("it is {off} s off WhatsApp's: set it, and let it be kept by NTP"));
    } else {
        report.good("clock", format_args!("it is {off} s off WhatsApp's"));
    }
}

async fn upgrade(report: &mut Report, way: &Way, addresses: &[SocketAddr]) {
    // The key is the example of RFC 6455: nothing is said over this connection.
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://web.whatsapp.com\r\n";
    let answer = timeout(STEP, way.ask(addresses, headers)).await;
    let status = match answer {
        Ok(Ok(answer)) => answer.lines().next().unwrap_or_default().to_owned(),
        Ok(Err(error)) => format!("{error:#}"),
        Err(_) => "no answer in time".to_owned(),
    };
    if status.split_whitespace().nth(1) == Some("101") {
        report.good("websocket", "the connection becomes a WebSocket");
    } else {
        report.bad(
            "websocket",
            format_args!(
                "no WebSocket ({status}); look for a proxy in between that does not pass WebSockets"
            ),
        );
    }
}

/// A gateway of its own on a temporary folder asks for a QR, which is thrown away.
async fn handshake(report: &mut Report, settings: &Settings) {
    match timeout(HANDSHAKE + AROUND, first_qr(settings)).await {
        Ok(Ok(())) => {
            report
                .good("handshake", "WhatsApp proved to be WhatsApp and offered a QR, which was thrown away");
        }
        Ok(Err(error)) => report.bad("handshake", format_args!("{error:#}")),
        Err(_) => {
            report.bad("handshake", "no answer in time; try again, and look at `enlace serve --log debug`");
        }
    }
}

async fn first_qr(settings: &Settings) -> Result<()> {
    let folder = tempfile::tempdir().context("a temporary folder can't be made; point TMPDIR elsewhere")?;
    let mut settings = settings.clone();
    "127.0.0.1:0".clone_into(&mut settings.server.listen);
    settings.simulator.mode = SimulatorMode::Off;
    settings.secrets.master_key = Some(random_key());
    settings.secrets.admin_key = Some(random_key());
    let running = Running::start(&settings, DataDir::open(folder.path())?).await?;
    let shown = async {
        let gateway = running.gateway();
        let wish = CreateSession { network: Some(Network::Whatsapp), ..CreateSession::default() };
        let session = gateway.create_session(wish).await?;
        gateway.qr(&session.id, HANDSHAKE).await
    };
    let shown = shown.await;
    running.stop().await;
    match shown {
        Ok(_) => Ok(()),
        Err(error) => bail!(error.detail()),
    }
}

impl Way {
    fn parse(url: &str) -> Result<Self> {
        let url = reqwest::Url::parse(url)?;
        ensure!(matches!(url.scheme(), "ws" | "wss"), "it begins with wss://");
        Ok(Self {
            host: url.host_str().context("it names no host")?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().context("it has no port")?,
            path: url.path().to_owned(),
            tls: url.scheme() == "wss",
        })
    }

    /// A connection, with TLS where the address has it.
    async fn open(&self, addresses: &[SocketAddr]) -> Result<Box<dyn Stream>> {
        let stream = connect(addresses).await?;
        if !self.tls {
            return Ok(Box::new(stream));
        }
        let name =
            ServerName::try_from(self.host.clone()).context("the host's name can't have a certificate")?;
        let opened = timeout(STEP, TlsConnector::from(Arc::new(trusted())).connect(name, stream)).await;
        Ok(Box::new(opened.context("TLS was not answered in time")?.context("no TLS")?))
    }

    /// One request on a connection of its own; answers with the head of what comes back.
    async fn ask(&self, addresses: &[SocketAddr], headers: &str) -> Result<String> {
        let mut stream = self.open(addresses).await?;
        let (host, path) = (&self.host, &self.path);
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let (mut answer, mut limited) = (Vec::<u8>::new(), stream.take(ANSWER_MAX));
        loop {
            let ended = answer.windows(4).any(|end| end == b"\r\n\r\n");
            // A server that hangs up without a goodbye has still said what it said.
            if ended || !matches!(limited.read_buf(&mut answer).await, Ok(read) if read > 0) {
                break;
            }
        }
        ensure!(!answer.is_empty(), "the connection was closed without an answer");
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// As the engine: what this machine trusts besides does not count.
pub(super) fn trusted() -> ClientConfig {
    ClientConfig::builder().with_root_certificates(tls::built_in()).with_no_client_auth()
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream> {
    timeout(STEP, TcpStream::connect(addresses)).await.context("no answer in time")?.context("not connected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let way = Way::parse("wss://web.whatsapp.com/ws/chat").unwrap();
        assert_eq!(
            (way.host.as_str(), way.port, way.path.as_str(), way.tls),
            ("web.whatsapp.com", 443, "/ws/chat", true)
        );
        let way = Way::parse("ws://[::1]:8080/ws/chat").unwrap();
        assert_eq!((way.host.as_str(), way.port, way.tls), ("::1", 8080, false));
        for bad in ["", "web.whatsapp.com", "https://web.whatsapp.com"] {
            assert!(Way::parse(bad).is_err(), "{bad}");
        }
    }
}
