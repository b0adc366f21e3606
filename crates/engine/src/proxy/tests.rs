//! Proxies played on a real socket.

use super::*;
use std::net::TcpListener;
use std::thread::JoinHandle;
use tokio::net::TcpSocket;

const LONG: Duration = Duration::from_secs(20);

/// A proxy that is spoken to once; gives the port and what the script made of it.
pub(crate) fn proxy<T: Send + 'static>(
    script: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, std::thread::spawn(move || script(listener.accept().unwrap().0)))
}

/// A port that refuses everyone: bound and never listened on, so that nobody else gets it while the socket lives.
pub(crate) fn closed_port() -> (TcpSocket, u16) {
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    (held, port)
}

/// Reads to the end of an HTTP head.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

fn open(url: &str, port: u16) -> Result<TcpStream, ProxyError> {
    open_within(url, port, LONG)
}

fn open_within(url: &str, port: u16, within: Duration) -> Result<TcpStream, ProxyError> {
    let proxy = Proxy::parse(&url.replace("PORT", &port.to_string())).unwrap();
    tunnel(&proxy, "web.example", 443, within)
}

fn refusal(url: &str, script: impl FnOnce(TcpStream) + Send + 'static) -> &'static str {
    let (port, played) = proxy(script);
    let reason = open(url, port).expect_err("no way").reason();
    played.join().unwrap();
    reason
}

#[test]
fn an_http_proxy_is_asked_by_name_with_the_login_and_what_follows_is_the_other_ends() {
    let (port, played) = proxy(|mut stream| {
        let head = read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello").unwrap();
        head
    });
    let mut stream = open("http://ana:s%40cret@127.0.0.1:PORT", port).unwrap();
    let head = played.join().unwrap();
    assert!(head.starts_with("CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic YW5hOnNAY3JldA==\r\n"), "{head}");
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"hello");
}

#[test]
fn a_socks_proxy_gets_the_login_and_the_name() {
    let (port, played) = proxy(|mut stream| {
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting, [5, 2, 0, 2]);
        stream.write_all(&[5, 2]).unwrap();
        let mut login = [0; 12];
        stream.read_exact(&mut login).unwrap();
        assert_eq!(&login, b"\x01\x03ana\x06s@cret");
        stream.write_all(&[1, 0]).unwrap();
        let mut request = [0; 18];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(&request, b"\x05\x01\x00\x03\x0bweb.example\x01\xbb");
        stream.write_all(b"\x05\x00\x00\x03\x02me\x00\x01hello").unwrap();
    });
    let mut stream = open("socks5://ana:s%40cret@127.0.0.1:PORT", port).unwrap();
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"hello");
    played.join().unwrap();
}

#[test]
fn a_proxy_that_refuses_is_told_as_that() {
    let (_held, closed) = closed_port();
    for url in ["http://127.0.0.1:PORT", "socks5://127.0.0.1:PORT"] {
        assert_eq!(open(url, closed).unwrap_err().reason(), "proxy-refused");
        assert_eq!(refusal(url, drop), "proxy-refused");
        assert_eq!(refusal(url, |mut stream| stream.write_all(b"SSH-2.0-x\r\n").unwrap()), "proxy-refused");
    }
    let forbids = |mut stream: TcpStream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
    };
    assert_eq!(refusal("http://127.0.0.1:PORT", forbids), "proxy-refused");
    let forbids = |mut stream: TcpStream| {
        stream.read_exact(&mut [0; 3]).unwrap();
        stream.write_all(&[5, 0]).unwrap();
        stream.read_exact(&mut [0; 18]).unwrap();
        stream.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    };
    assert_eq!(refusal("socks5://127.0.0.1:PORT", forbids), "proxy-refused");
}

#[test]
fn a_proxy_that_wants_a_password_is_told_as_that() {
    let wants = |mut stream: TcpStream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
    };
    assert_eq!(refusal("http://127.0.0.1:PORT", wants), "proxy-auth-required");
    assert_eq!(refusal("http://ana:wrong@127.0.0.1:PORT", wants), "proxy-auth-required");
    let wants = |mut stream: TcpStream| {
        stream.read_exact(&mut [0; 3]).unwrap();
        stream.write_all(&[5, 0xFF]).unwrap();
    };
    assert_eq!(refusal("socks5://127.0.0.1:PORT", wants), "proxy-auth-required");
    let wants = |mut stream: TcpStream| {
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(&[5, 2]).unwrap();
        stream.read_exact(&mut [0; 11]).unwrap();
        stream.write_all(&[1, 1]).unwrap();
    };
    assert_eq!(refusal("socks5://ana:wrong@127.0.0.1:PORT", wants), "proxy-auth-required");
}

#[test]
fn a_proxy_that_hangs_or_trickles_is_given_up_in_time() {
    for url in ["http://127.0.0.1:PORT", "socks5://127.0.0.1:PORT"] {
        // The test holds the other end until the way was given up.
        let (port, played) = proxy(|stream| stream);
        let refused = open_within(url, port, Duration::from_millis(500)).unwrap_err();
        assert_eq!(refused.reason(), "proxy-timeout");
        drop(played.join().unwrap());
    }
    let (port, played) = proxy(|mut stream| {
        // Something of an answer, and never the rest.
        stream.write_all(b"HTTP/1.1 2").unwrap();
        stream
    });
    let refused = open_within("http://127.0.0.1:PORT", port, Duration::from_millis(500)).unwrap_err();
    assert_eq!(refused.reason(), "proxy-timeout");
    drop(played.join().unwrap());
}
