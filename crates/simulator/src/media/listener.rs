//! The HTTPS listener for media, with a certificate authority of its own that is kept with the state.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::transfer;
use crate::error::SimulatorError;
use crate::state::network::Network;

/// A client that does not finish its TLS handshake in this time is cut.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The authority as it is kept.
#[derive(Serialize, Deserialize)]
struct Authority {
    key_pem: String,
    certificate_pem: String,
}

/// Opens the listener and serves it until the network closes.
pub(crate) fn start(network: &Arc<Network>) -> Result<(), SimulatorError> {
    let wanted = network.config.media_listen;
    let failed = |detail: String| SimulatorError::Media { address: wanted, detail };
    let listener = bind(network, wanted)?;
    let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
    let host = network.config.media_host.clone().unwrap_or_else(|| reachable(address).to_string());
    let authority = keep_authority(network)?;
    let acceptor = acceptor(&authority, &host, address).map_err(SimulatorError::Keys)?;
    network.media.listening(host, authority.certificate_pem);
    listener.set_nonblocking(true).map_err(|error| failed(error.to_string()))?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(|error| failed(error.to_string()))?;
    let router = transfer::router(network);
    let tasks = Arc::clone(network);
    network.tasks.spawn(async move {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "the media listener could not accept a connection");
                        // Out of file descriptors, most likely: others have to end first.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = tasks.closing.cancelled() => return,
            };
            let serve = serve(acceptor.clone(), stream, router.clone());
            let closing = tasks.closing.clone();
            tasks.tasks.spawn(async move {
                tokio::select! { () = serve => {}, () = closing.cancelled() => {} }
            });
        }
    });
    Ok(())
}

/// Port 0 means: the port of last time if it is free, else any.
fn bind(network: &Network, wanted: SocketAddr) -> Result<TcpListener, SimulatorError> {
    let failed = |error: std::io::Error| SimulatorError::Media { address: wanted, detail: error.to_string() };
    if wanted.port() != 0 {
        return TcpListener::bind(wanted).map_err(failed);
    }
    let last: u16 = network.keep("media_port", || 0)?;
    if last != 0
        && let Ok(listener) = TcpListener::bind(SocketAddr::new(wanted.ip(), last))
    {
        return Ok(listener);
    }
    let listener = TcpListener::bind(wanted).map_err(failed)?;
    network.replace("media_port", &listener.local_addr().map_err(failed)?.port())?;
    Ok(listener)
}

/// An address that clients of this machine can dial.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port())
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Enlace simulator media");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn keep_authority(network: &Network) -> Result<Authority, SimulatorError> {
    let keys = |error: rcgen::Error| SimulatorError::Keys(format!("media authority: {error}"));
    let key = KeyPair::generate().map_err(keys)?;
    let certificate = authority_params().self_signed(&key).map_err(keys)?;
    network.keep("media_authority", || Authority {
        key_pem: key.serialize_pem(),
        certificate_pem: certificate.pem(),
    })
}

/// A fresh server certificate for this host, signed by the authority.
fn acceptor(authority: &Authority, host: &str, address: SocketAddr) -> Result<TlsAcceptor, String> {
    let text = |error: rcgen::Error| error.to_string();
    let authority_key = KeyPair::from_pem(&authority.key_pem).map_err(text)?;
    let issuer = Issuer::new(authority_params(), authority_key);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), address.ip().to_string()];
    // Clients of the 6.x line always go there, whatever they are told.
    names.push("mmg.whatsapp.net".to_owned());
    names.push(name.to_owned());
    names.sort_unstable();
    names.dedup();
    let mut params = CertificateParams::new(names).map_err(text)?;
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().map_err(text)?;
    let certificate = params.signed_by(&key, &issuer).map_err(text)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, router: axum::Router) {
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a media connection ended");
    }
}
