//! HTTP for media, one client per network, shared by its sessions.

use crate::config::Limits;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use wacore::net::HttpClient;
use whatsapp_rust::http::UreqHttpClient;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one step of an answer may take.
const ANSWER: Duration = Duration::from_mins(1);

/// A client that trusts the public authorities, or, with `authority` (PEM), that one and no other.
pub(crate) fn client(limits: &Limits, authority: Option<&str>) -> Arc<dyn HttpClient> {
    let mut config = ureq::config::Config::builder()
        .input_buffer_size(16 * 1024)
        .output_buffer_size(16 * 1024)
        .max_idle_connections(8)
        .max_idle_connections_per_host(4)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER));
    if let Some(pem) = authority {
        let roots: Vec<_> = parse_pem(pem.as_bytes())
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        config =
            config.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build());
    }
    let agent = ureq::Agent::new_with_config(config.build());
    Arc::new(UreqHttpClient::with_agent(agent).with_max_body_bytes(limits.http_body))
}
