//! The client's side of a connection: Noise IK, frames, stanzas, and waiting for the right one.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use enlace_simulator::Pipe;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, OwnedNodeRef};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::{IkHandshakeState, IkServerHelloOutcome, NoiseCipher};

const HEADER: [u8; 4] = [b'W', b'A', 6, 3];
/// A stanza that does not come in this time never comes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Socket {
    pipe: Pipe,
    decoder: wacore_noise::framing::FrameDecoder,
    write: NoiseCipher,
    read: NoiseCipher,
    sent: u32,
    received: u32,
    stash: VecDeque<Node>,
    next_id: u32,
}

impl Socket {
    pub(crate) async fn open(mut pipe: Pipe, noise: &KeyPair, server: [u8; 32], payload: Vec<u8>) -> Self {
        let mut state = IkHandshakeState::new(noise.clone(), server, payload, &HEADER).unwrap();
        let hello = state.build_client_hello().unwrap();
        let hello = wacore_noise::framing::encode_frame(&hello, Some(&HEADER)).unwrap();
        pipe.to_server.send(hello.into()).await.unwrap();
        let mut decoder = wacore_noise::framing::FrameDecoder::new();
        let answer = loop {
            if let Some(frame) = decoder.decode_frame() {
                break frame;
            }
            let chunk = pipe.from_server.recv().await.expect("the server answers the hello");
            decoder.feed(&chunk);
        };
        let IkServerHelloOutcome::Continue(done) = state.read_server_hello(&answer).unwrap() else {
            panic!("the server knows its own key");
        };
        Self {
            pipe,
            decoder,
            write: done.write_cipher,
            read: done.read_cipher,
            sent: 0,
            received: 0,
            stash: VecDeque::new(),
            next_id: 1,
        }
    }

    pub(crate) async fn send(&mut self, node: Node) {
        let plain = wacore_binary::marshal(&node).unwrap();
        let sealed = self.write.encrypt_with_counter(self.sent, &plain).unwrap();
        self.sent += 1;
        let frame = wacore_noise::framing::encode_frame(&sealed, None).unwrap();
        // A server that is gone shows when the next stanza is waited for.
        let _ = self.pipe.to_server.send(frame.into()).await;
    }

    /// The next stanza, or `None` at the end of the connection.
    pub(crate) async fn receive(&mut self) -> Option<Node> {
        if let Some(node) = self.stash.pop_front() {
            return Some(node);
        }
        tokio::time::timeout(PATIENCE, self.read()).await.expect("a stanza was due")
    }

    async fn read(&mut self) -> Option<Node> {
        loop {
            if let Some(mut frame) = self.decoder.decode_frame() {
                self.read.decrypt_in_place_with_counter(self.received, &mut frame).unwrap();
                self.received += 1;
                let plain = wacore_binary::util::unpack_bytes(BytesMut::from(&frame[..])).unwrap();
                return Some(OwnedNodeRef::new(plain).unwrap().to_owned_node());
            }
            let chunk = self.pipe.from_server.recv().await?;
            self.decoder.feed(&chunk);
        }
    }

    /// The next stanza that fits; the others are kept for later, in order.
    pub(crate) async fn expect(&mut self, fits: impl Fn(&Node) -> bool) -> Node {
        if let Some(place) = self.stash.iter().position(&fits) {
            return self.stash.remove(place).unwrap();
        }
        loop {
            let node = tokio::time::timeout(PATIENCE, self.read())
                .await
                .unwrap_or_else(|_| panic!("a stanza was due; there were {:?}", self.stash))
                .unwrap_or_else(|| panic!("the connection ended; there were {:?}", self.stash));
            if fits(&node) {
                return node;
            }
            self.stash.push_back(node);
        }
    }

    /// Keeps stanzas that were read for later.
    pub(crate) fn keep(&mut self, nodes: impl IntoIterator<Item = Node>) {
        self.stash.extend(nodes);
    }

    /// Everything up to the stanza that fits.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Node) -> bool) -> Vec<Node> {
        let mut before = Vec::new();
        loop {
            let node = self.receive().await.expect("the connection goes on");
            if fits(&node) {
                return before;
            }
            before.push(node);
        }
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn until_end(&mut self) -> Vec<Node> {
        let mut rest = Vec::new();
        while let Some(node) = self.receive().await {
            rest.push(node);
        }
        rest
    }

    /// Asks, and waits for the result.
    pub(crate) async fn iq(
        &mut self,
        kind: &'static str,
        xmlns: &'static str,
        to: Jid,
        children: impl IntoIterator<Item = Node>,
    ) -> Node {
        let answer = self.iq_any(kind, xmlns, to, children).await;
        assert_eq!(answer.attrs.get("type").unwrap().as_str(), "result", "{answer:?}");
        answer
    }

    /// Asks, and waits for the answer, whatever it is.
    pub(crate) async fn iq_any(
        &mut self,
        kind: &'static str,
        xmlns: &'static str,
        to: Jid,
        children: impl IntoIterator<Item = Node>,
    ) -> Node {
        let id = format!("c{}", self.next_id);
        self.next_id += 1;
        let iq = NodeBuilder::new("iq")
            .attr("type", kind)
            .attr("xmlns", xmlns)
            .attr("to", to)
            .attr("id", id.as_str())
            .children(children)
            .build();
        self.send(iq).await;
        self.expect(|node| node.tag == "iq" && node.attrs.get("id").is_some_and(|found| found.as_str() == id))
            .await
    }
}
