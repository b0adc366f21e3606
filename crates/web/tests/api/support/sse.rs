//! Server-sent events over real HTTP, read as any client reads them.

use super::{ADMIN, Api, PATIENCE};
use reqwest::{Client, Response};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The API on a port of the loopback interface.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    client: Client,
}

impl Server {
    pub(crate) async fn of(api: &Api) -> Self {
        // Another test may have installed it already; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = api.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) async fn open(&self, path: &str) -> Reader {
        self.open_with(path, ADMIN, None).await
    }

    pub(crate) async fn open_without_key(&self, path: &str) -> Reader {
        let request = self.client.get(format!("http://{}{path}", self.address));
        Reader { response: request.send().await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn open_with(&self, path: &str, key: &str, last_event_id: Option<&str>) -> Reader {
        let mut request = self.client.get(format!("http://{}{path}", self.address));
        request = request.bearer_auth(key).header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Reader { response: request.send().await.unwrap(), read: Vec::new() }
    }
}

/// One open stream.
pub(crate) struct Reader {
    pub(crate) response: Response,
    read: Vec<u8>,
}

/// What stands between two empty lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<Value>,
    pub(crate) comment: Option<String>,
}

impl Frame {
    pub(crate) fn data(&self) -> &Value {
        self.data.as_ref().unwrap()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.id.as_ref().unwrap().parse().unwrap()
    }
}

impl Reader {
    /// The next frame, comments included; none when the stream has ended.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                    let text: Vec<u8> = self.read.drain(..end + 2).collect();
                    return Some(parse(std::str::from_utf8(&text).unwrap()));
                }
                match self.response.chunk().await {
                    Ok(Some(chunk)) => self.read.extend_from_slice(&chunk),
                    Ok(None) | Err(_) => return None,
                }
            }
        })
        .await
        .expect("the stream said nothing")
    }

    /// The next event; panics when the stream ends.
    pub(crate) async fn event(&mut self) -> Frame {
        loop {
            let frame = self.frame().await.expect("the stream ended");
            if frame.data.is_some() {
                return frame;
            }
        }
    }

    /// The next event of a type.
    pub(crate) async fn event_of(&mut self, kind: &str) -> Frame {
        loop {
            let frame = self.event().await;
            if frame.data()["type"] == kind {
                return frame;
            }
        }
    }

    /// The next events.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<Frame> {
        let mut frames = Vec::new();
        while frames.len() < count {
            frames.push(self.event().await);
        }
        frames
    }
}

fn parse(text: &str) -> Frame {
    let mut frame = Frame::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match name {
            "id" => frame.id = Some(value),
            "event" => frame.event = Some(value),
            "data" => frame.data = Some(serde_json::from_str(&value).unwrap()),
            "" => frame.comment = Some(value),
            other => panic!("unexpected field {other}"),
        }
    }
    frame
}
