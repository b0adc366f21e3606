//! A WebSocket, directly or through a proxy, with one set of trusted roots for all connections of a network.

use crate::proxy::{self, ProxyError};
use anyhow::{Context as _, Error};
use enlace_domain::proxy::Proxy;
use http::Uri;
use http::header::{HeaderValue, ORIGIN};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_websockets::{ClientBuilder, Connector};
use wacore::net::WHATSAPP_WEB_ORIGIN;
use whatsapp_rust::transport::{default_tls_connector, from_websocket};

use super::Opened;

/// Where to dial, and who is believed there.
pub(crate) struct WebSocket {
    url: String,
    connector: Connector,
}

impl WebSocket {
    /// With the public authorities, or, with `authority` (PEM), that one and no other. This is about TLS only; whom the
    /// handshake inside believes is another thing.
    pub(super) fn new(url: &str, authority: Option<&str>) -> Self {
        let connector = authority.map_or_else(default_tls_connector, only);
        Self { url: url.to_owned(), connector }
    }

    /// Dials.
    pub(super) async fn open(&self, proxy: Option<&Proxy>) -> Result<Opened, Error> {
        let uri: Uri = self.url.parse().context("the address to dial is none")?;
        let origin = HeaderValue::from_static(WHATSAPP_WEB_ORIGIN);
        let builder = ClientBuilder::from_uri(uri.clone()).connector(&self.connector);
        let builder = builder.add_header(ORIGIN, origin).context("the origin is refused")?;
        let socket = match proxy {
            None => builder.connect().await,
            Some(proxy) => {
                let (host, secure) = (host(&uri)?, uri.scheme_str() == Some("wss"));
                let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
                let stream = through(proxy, host.to_owned(), port).await?;
                let connector = if secure { &self.connector } else { &Connector::Plain };
                let stream = connector.wrap(host, stream).await.context("TLS through the proxy failed")?;
                builder.connect_on(stream).await
            }
        };
        let (socket, _) = socket.context("the WebSocket could not be opened")?;
        Ok(from_websocket(socket))
    }
}

fn host(uri: &Uri) -> Result<&str, Error> {
    let host = uri.host().context("the address to dial has no host")?;
    Ok(host.trim_start_matches('[').trim_end_matches(']'))
}

/// Opens the way on a thread that may block, also while it looks the proxy's own name up.
async fn through(proxy: &Proxy, host: String, port: u16) -> Result<TcpStream, Error> {
    let proxy = proxy.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let stream = proxy::tunnel(&proxy, &host, port, proxy::WITHIN)?;
        stream.set_nonblocking(true)?;
        Ok::<_, ProxyError>(stream)
    });
    let opened = tokio::time::timeout(proxy::WITHIN, opening).await.map_err(|_| ProxyError::Timeout)?;
    Ok(TcpStream::from_std(opened.context("the dial was interrupted")??)?)
}

/// A connector that believes one authority.
fn only(pem: &str) -> Connector {
    let mut roots = RootCertStore::empty();
    // What is no certificate is left out: then nobody is believed.
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten().collect();
    roots.add_parsable_certificates(certificates);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Connector::Rustls(TlsConnector::from(Arc::new(config)))
}
