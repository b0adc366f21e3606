//! One connection's bytes as stanzas: door, frames, Noise. Owns the handshake with its waits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::connection::Connection;
use super::serve::MAX_FRAME;
use crate::doors::{Door, Gone};
use crate::state::network::Network;
use crate::trace::Direction;
use crate::wire::frame::{ClientStream, FrameError, MAX_SENT, encode_frame};
use crate::wire::noise::{HelloAnswer, NoiseError, Opener, Pattern, Sealer, answer_hello};
use crate::wire::stanza::{StanzaError, decode_stanza, encode_stanza};

/// A client that does not finish its handshake in this time is cut.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// Clients of the 6.x line lose frames that come right after `clientFinish`; this wait is never shortened.
const AFTER_FINISH: Duration = Duration::from_millis(50);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error("no handshake within {} s", HANDSHAKE.as_secs())]
    HandshakeTimeout,
    #[error("the client read nothing for {} s", .0.as_secs())]
    Stalled(Duration),
    #[error("frame refused: {0}")]
    Frame(#[from] FrameError),
    #[error("handshake or decryption failed: {0}")]
    Noise(#[from] NoiseError),
    #[error("stanza refused: {0}")]
    Stanza(#[from] StanzaError),
    #[error(transparent)]
    Network(#[from] crate::SimulatorError),
}

/// A connection under its transport keys.
pub(crate) struct Link<'a> {
    door: &'a mut Door,
    stream: ClientStream,
    sealer: Sealer,
    opener: Opener,
    network: Arc<Network>,
    connection: Arc<Connection>,
}

impl<'a> Link<'a> {
    /// Shakes hands. Gives the link and what the client said of itself.
    pub(crate) async fn open(
        network: Arc<Network>,
        connection: Arc<Connection>,
        door: &'a mut Door,
    ) -> Result<(Self, Box<wa::ClientPayload>), LinkError> {
        let mut stream = ClientStream::new(MAX_FRAME);
        let shake = shake_hands(&network, door, &mut stream);
        let session =
            tokio::time::timeout(HANDSHAKE, shake).await.map_err(|_| LinkError::HandshakeTimeout)??;
        // The connection is new, so this is the first time.
        let _first = connection.client_static.set(session.client_static);
        if session.pattern != Pattern::Ik {
            tokio::time::sleep(AFTER_FINISH).await;
        }
        let link = Self { door, stream, sealer: session.sealer, opener: session.opener, network, connection };
        Ok((link, session.payload))
    }

    /// The next stanza. May be dropped and called again without loss.
    pub(crate) async fn receive(&mut self) -> Result<Node, LinkError> {
        loop {
            if let Some(frame) = self.stream.next_frame()? {
                let plain = self.opener.open(frame)?;
                self.network.trace.record(self.connection.id, Direction::FromClient, &plain);
                return Ok(decode_stanza(plain)?);
            }
            let chunk = self.door.receive().await.ok_or(Gone)?;
            self.stream.feed(&chunk);
        }
    }

    pub(crate) async fn send(&mut self, node: &Node) -> Result<(), LinkError> {
        self.send_encoded(encode_stanza(node)?.into()).await
    }

    /// Sends a stanza that is encoded already. One that fits no frame is dropped: ending the connection for it would only
    /// bring the client back for the same.
    pub(crate) async fn send_encoded(&mut self, stanza: Bytes) -> Result<(), LinkError> {
        if stanza.len() > MAX_SENT {
            let (connection, bytes) = (self.connection.id, stanza.len());
            tracing::warn!(connection, bytes, "a stanza is larger than a frame and is dropped");
            return Ok(());
        }
        self.network.trace.record(self.connection.id, Direction::FromServer, &stanza);
        let frame = encode_frame(&self.sealer.seal(stanza.into())?)?;
        // A client that reads nothing must not hold its task and what waits for it for ever.
        let patience = Duration::from_secs(self.network.config.stall_seconds);
        let sent = tokio::time::timeout(patience, self.door.send(frame)).await;
        Ok(sent.map_err(|_| LinkError::Stalled(patience))??)
    }
}

async fn shake_hands(
    network: &Network,
    door: &mut Door,
    stream: &mut ClientStream,
) -> Result<crate::wire::noise::Handshaken, LinkError> {
    let hello = next_frame(door, stream).await?;
    let prologue = stream.intro().ok_or(NoiseError::Message("no intro"))?.header;
    let answer = answer_hello(&network.identity, prologue, &hello, &mut rand::rng())?;
    match answer {
        HelloAnswer::Done { reply, session } => {
            door.send(encode_frame(&reply)?).await?;
            Ok(*session)
        }
        HelloAnswer::Pending { reply, state } => {
            door.send(encode_frame(&reply)?).await?;
            let finish = next_frame(door, stream).await?;
            Ok(state.finish(&finish)?)
        }
    }
}

async fn next_frame(door: &mut Door, stream: &mut ClientStream) -> Result<bytes::BytesMut, LinkError> {
    loop {
        if let Some(frame) = stream.next_frame()? {
            return Ok(frame);
        }
        let chunk = door.receive().await.ok_or(Gone)?;
        stream.feed(&chunk);
    }
}
