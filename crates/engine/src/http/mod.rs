//! HTTP for media and for the page that names the version: one client per network, shared by its sessions, and one of its
//! own for each connection that goes through a proxy.

mod proxied;

use enlace_domain::proxy::Proxy;
use proxied::{Unresolved, Way};
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::{Connector as _, RustlsConnector};
use wacore::net::HttpClient;
use whatsapp_rust::http::UreqHttpClient;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one step of an answer may take.
const ANSWER: Duration = Duration::from_mins(1);

/// What a client is for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    /// Largest answer read into memory, in bytes.
    pub(crate) body: u64,
    /// The one authority that is trusted, PEM; without, the public ones are.
    pub(crate) authority: Option<&'a str>,
    /// What everything goes through.
    pub(crate) proxy: Option<&'a Proxy>,
    /// How long a request may take in all.
    pub(crate) within: Option<Duration>,
}

/// A client. Proxies that the environment names are not asked: a session's own proxy, or none, is what counts.
pub(crate) fn client(wanted: Wanted<'_>) -> Arc<dyn HttpClient> {
    let mut config = ureq::config::Config::builder()
        .proxy(None)
        .input_buffer_size(16 * 1024)
        .output_buffer_size(16 * 1024)
        .max_idle_connections(8)
        .max_idle_connections_per_host(4)
        .timeout_global(wanted.within)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER));
    if let Some(pem) = wanted.authority {
        let roots: Vec<_> = parse_pem(pem.as_bytes())
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        config =
            config.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build());
    }
    let agent = match wanted.proxy {
        None => ureq::Agent::new_with_config(config.build()),
        Some(proxy) => {
            // The way itself has a bound of its own.
            let config = config.timeout_connect(None).build();
            let connector = Way::through(proxy.clone()).chain(RustlsConnector::default());
            ureq::Agent::with_parts(config, connector, Unresolved)
        }
    };
    Arc::new(UreqHttpClient::with_agent(agent).with_max_body_bytes(wanted.body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::tests::{closed_port, proxy, read_head};
    use std::io::Write as _;
    use wacore::net::HttpRequest;

    fn through(url: &str, port: u16) -> Arc<dyn HttpClient> {
        let proxy = Proxy::parse(&url.replace("PORT", &port.to_string())).unwrap();
        client(Wanted { body: 1024, proxy: Some(&proxy), ..Wanted::default() })
    }

    #[tokio::test]
    async fn media_go_through_the_proxy_which_looks_the_name_up() {
        let (port, played) = proxy(|mut stream| {
            let asked = read_head(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let request = read_head(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmedia").unwrap();
            (asked, request)
        });
        // A name that nobody else could look up.
        let request = HttpRequest::get("http://media.invalid:8080/file");
        let answer = through("http://127.0.0.1:PORT", port).execute(request).await.unwrap();
        assert_eq!((answer.status_code, &answer.body[..]), (200, &b"media"[..]));
        let (asked, request) = played.join().unwrap();
        assert!(asked.starts_with("CONNECT media.invalid:8080 "), "{asked}");
        assert!(request.starts_with("GET /file "), "{request}");
    }

    #[tokio::test]
    async fn pain_21_media_never_go_around_a_proxy_that_fails() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        server.set_nonblocking(true).unwrap();
        let url = format!("http://{}/file", server.local_addr().unwrap());
        let (_held, closed) = closed_port();
        for way in ["http://127.0.0.1:PORT", "socks5://127.0.0.1:PORT"] {
            through(way, closed).execute(HttpRequest::get(&url)).await.expect_err("no way");
        }
        assert_eq!(server.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody came");
    }
}
