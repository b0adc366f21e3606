//! One handshake, from the client's hello to the transport keys.

use buffa::{Message, MessageField};
use rand::CryptoRng;
use wacore_binary::consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK};
use wacore_noise::NoiseHandshake;
use waproto::whatsapp::handshake_message::{ClientHello, ServerHello};
use waproto::whatsapp::{self as wa, HandshakeMessage};

use super::{NoiseError, Opener, Sealer, ServerIdentity};
use crate::crypto::keys::CurveKeyPair;

/// How a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// First contact.
    Xx,
    /// With our static key cached.
    Ik,
    /// With a stale key cached; it learned ours on the way.
    XxFallback,
}

/// A finished handshake.
pub(crate) struct Handshaken {
    /// Encrypts server → client.
    pub(crate) sealer: Sealer,
    /// Decrypts client → server.
    pub(crate) opener: Opener,
    /// The client's Noise static key.
    pub(crate) client_static: [u8; 32],
    /// Registration (no `username`, `device_pairing_data`) or login.
    pub(crate) payload: Box<wa::ClientPayload>,
    /// How the client came in.
    pub(crate) pattern: Pattern,
}

/// What follows a client's hello. `reply` is the payload of the frame to send.
pub(crate) enum HelloAnswer {
    /// XX or XXfallback: send `reply`, then give the client's next frame to [`AwaitingFinish::finish`].
    Pending {
        /// The `serverHello` to send.
        reply: Vec<u8>,
        /// What reads the client's answer.
        state: Box<AwaitingFinish>,
    },
    /// IK: send `reply`; everything after it is under the transport keys.
    Done {
        /// The `serverHello` to send.
        reply: Vec<u8>,
        /// The finished handshake.
        session: Box<Handshaken>,
    },
}

/// A handshake that waits for `clientFinish`.
pub(crate) struct AwaitingFinish {
    pattern: Pattern,
    noise: NoiseHandshake,
    ephemeral: CurveKeyPair,
}

/// Answers a client's first frame. `prologue` is [`Intro::header`](crate::wire::intro::Intro::header).
///
/// A hello that carries a static key and a payload is IK; if it was made for another server key than ours, the answer is
/// XXfallback, as WhatsApp's is: the client learns our key and decides whether it trusts it.
pub(crate) fn answer_hello<R: CryptoRng>(
    identity: &ServerIdentity,
    prologue: [u8; 4],
    frame: &[u8],
    rng: &mut R,
) -> Result<HelloAnswer, NoiseError> {
    let message = HandshakeMessage::decode_from_slice(frame)
        .map_err(|_| NoiseError::Message("the client's hello is not a handshake message"))?;
    let hello = message.client_hello.into_option().ok_or(NoiseError::Message("there is no client hello"))?;
    let client_ephemeral = key(hello.ephemeral.as_deref(), "the client's ephemeral key")?;
    let ephemeral = CurveKeyPair::generate(rng);
    match &hello {
        ClientHello { r#static: None, payload: None, .. } => {
            answer_xx(identity, prologue, client_ephemeral, ephemeral, Pattern::Xx)
        }
        ClientHello { r#static: Some(client_static), payload: Some(payload), .. } => {
            match open_ik(identity, prologue, client_ephemeral, client_static)? {
                Some((noise, client_static)) => {
                    answer_ik(identity, noise, client_ephemeral, client_static, payload, &ephemeral)
                }
                None => answer_xx(identity, prologue, client_ephemeral, ephemeral, Pattern::XxFallback),
            }
        }
        _ => Err(NoiseError::Message("the client hello has a static key or a payload, but not both")),
    }
}

fn answer_xx(
    identity: &ServerIdentity,
    prologue: [u8; 4],
    client_ephemeral: [u8; 32],
    ephemeral: CurveKeyPair,
    pattern: Pattern,
) -> Result<HelloAnswer, NoiseError> {
    let name = if pattern == Pattern::XxFallback { NOISE_PATTERN_XXFALLBACK } else { NOISE_PATTERN_XX };
    let mut noise = begin(name, prologue)?;
    noise.authenticate(&client_ephemeral);
    noise.authenticate(&ephemeral.public);
    mix(&mut noise, ephemeral.private(), &client_ephemeral)?;
    let sealed_static = seal(&mut noise, &identity.static_public())?;
    mix(&mut noise, identity.static_private(), &client_ephemeral)?;
    let sealed_chain = seal(&mut noise, identity.certificate_chain())?;
    let reply = server_hello(&ephemeral, Some(sealed_static), sealed_chain);
    Ok(HelloAnswer::Pending { reply, state: Box::new(AwaitingFinish { pattern, noise, ephemeral }) })
}

/// Reads the client's static key as IK; `None` if the hello was not made for our key.
fn open_ik(
    identity: &ServerIdentity,
    prologue: [u8; 4],
    client_ephemeral: [u8; 32],
    sealed_static: &[u8],
) -> Result<Option<(NoiseHandshake, [u8; 32])>, NoiseError> {
    let mut noise = begin(NOISE_PATTERN_IK, prologue)?;
    noise.authenticate(&identity.static_public());
    noise.authenticate(&client_ephemeral);
    mix(&mut noise, identity.static_private(), &client_ephemeral)?;
    let Ok(client_static) = noise.decrypt(sealed_static) else { return Ok(None) };
    Ok(Some((noise, key(Some(&client_static), "the client's static key")?)))
}

fn answer_ik(
    identity: &ServerIdentity,
    mut noise: NoiseHandshake,
    client_ephemeral: [u8; 32],
    client_static: [u8; 32],
    sealed_payload: &[u8],
    ephemeral: &CurveKeyPair,
) -> Result<HelloAnswer, NoiseError> {
    mix(&mut noise, identity.static_private(), &client_static)?;
    let payload = open_payload(&mut noise, sealed_payload)?;
    noise.authenticate(&ephemeral.public);
    mix(&mut noise, ephemeral.private(), &client_ephemeral)?;
    mix(&mut noise, ephemeral.private(), &client_static)?;
    let sealed_chain = seal(&mut noise, identity.certificate_chain())?;
    let reply = server_hello(ephemeral, None, sealed_chain);
    let session = split(noise, client_static, payload, Pattern::Ik)?;
    Ok(HelloAnswer::Done { reply, session: Box::new(session) })
}

impl AwaitingFinish {
    /// Reads `clientFinish`.
    pub(crate) fn finish(self, frame: &[u8]) -> Result<Handshaken, NoiseError> {
        let Self { pattern, mut noise, ephemeral } = self;
        let message = HandshakeMessage::decode_from_slice(frame)
            .map_err(|_| NoiseError::Message("the client's finish is not a handshake message"))?;
        let finish =
            message.client_finish.into_option().ok_or(NoiseError::Message("there is no client finish"))?;
        let sealed_static =
            finish.r#static.ok_or(NoiseError::Message("the client finish has no static key"))?;
        let sealed_payload = finish.payload.ok_or(NoiseError::Message("the client finish has no payload"))?;
        let client_static = noise
            .decrypt(&sealed_static)
            .map_err(|_| NoiseError::Authentication("the client's static key does not open"))?;
        let client_static = key(Some(&client_static), "the client's static key")?;
        mix(&mut noise, ephemeral.private(), &client_static)?;
        let payload = open_payload(&mut noise, &sealed_payload)?;
        split(noise, client_static, payload, pattern)
    }
}

fn begin(pattern: &str, prologue: [u8; 4]) -> Result<NoiseHandshake, NoiseError> {
    NoiseHandshake::new(pattern, &prologue).map_err(|_| NoiseError::Message("the handshake cannot begin"))
}

fn key(bytes: Option<&[u8]>, what: &'static str) -> Result<[u8; 32], NoiseError> {
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(NoiseError::KeyLength(what))
}

fn mix(noise: &mut NoiseHandshake, private: &[u8; 32], public: &[u8; 32]) -> Result<(), NoiseError> {
    noise
        .mix_shared_secret(private, public)
        .map_err(|_| NoiseError::Authentication("the keys do not agree on a secret"))
}

fn seal(noise: &mut NoiseHandshake, plaintext: &[u8]) -> Result<Vec<u8>, NoiseError> {
    noise.encrypt(plaintext).map_err(|_| NoiseError::CounterExhausted)
}

fn open_payload(noise: &mut NoiseHandshake, sealed: &[u8]) -> Result<Box<wa::ClientPayload>, NoiseError> {
    let payload = noise
        .decrypt(sealed)
        .map_err(|_| NoiseError::Authentication("the client's payload does not open"))?;
    wa::ClientPayload::decode_from_slice(&payload).map(Box::new).map_err(|_| NoiseError::Payload)
}

fn server_hello(ephemeral: &CurveKeyPair, sealed_static: Option<Vec<u8>>, sealed_chain: Vec<u8>) -> Vec<u8> {
    HandshakeMessage {
        server_hello: MessageField::some(ServerHello {
            ephemeral: Some(ephemeral.public.to_vec()),
            r#static: sealed_static,
            payload: Some(sealed_chain),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}

fn split(
    noise: NoiseHandshake,
    client_static: [u8; 32],
    payload: Box<wa::ClientPayload>,
    pattern: Pattern,
) -> Result<Handshaken, NoiseError> {
    let (from_client, to_client) =
        noise.finish().map_err(|_| NoiseError::Message("the transport keys cannot be derived"))?;
    Ok(Handshaken {
        sealer: Sealer::new(to_client),
        opener: Opener::new(from_client),
        client_static,
        payload,
        pattern,
    })
}
