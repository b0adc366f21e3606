//! The responder against the client's own initiator (wacore-noise), and against an XX initiator written out here that
//! checks the chain with our root, which wacore's cannot.

use buffa::{Message, MessageField};
use bytes::BytesMut;
use wacore_binary::consts::{NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::{
    HandshakeUtils, IkHandshakeState, IkServerHelloOutcome, NoiseCipher, NoiseHandshake,
    XxFallbackHandshakeState, XxHandshakeState,
};
use waproto::whatsapp as wa;

use super::responder::AwaitingFinish;
use super::*;
use crate::crypto::keys::{CurveKeyPair, verify};

const NOW: u64 = 1_790_000_000;

fn identity() -> ServerIdentity {
    ServerIdentity::generate(NOW, &mut rand::rng())
}

fn login() -> Vec<u8> {
    wa::ClientPayload { username: Some(999_000_000_001), device: Some(3), ..Default::default() }
        .encode_to_vec()
}

/// The client's side of XX after `serverHello`, with the chain checked against `root` as a strict client does.
fn finish_xx(
    pattern: &str,
    client: &CurveKeyPair,
    ephemeral: &CurveKeyPair,
    reply: &[u8],
    root: [u8; 32],
) -> (Vec<u8>, NoiseHandshake) {
    let (server_ephemeral, sealed_static, sealed_chain) = HandshakeUtils::parse_server_hello(reply).unwrap();
    let server_ephemeral: [u8; 32] = server_ephemeral.try_into().unwrap();
    let mut noise = NoiseHandshake::new(pattern, &WA_CONN_HEADER).unwrap();
    noise.authenticate(&ephemeral.public);
    noise.authenticate(&server_ephemeral);
    noise.mix_shared_secret(ephemeral.private(), &server_ephemeral).unwrap();
    let server_static: [u8; 32] = noise.decrypt(&sealed_static).unwrap().try_into().unwrap();
    noise.mix_shared_secret(ephemeral.private(), &server_static).unwrap();
    check_chain(&noise.decrypt(&sealed_chain).unwrap(), server_static, root);

    let sealed_static = noise.encrypt(&client.public).unwrap();
    noise.mix_shared_secret(client.private(), &server_ephemeral).unwrap();
    let sealed_payload = noise.encrypt(&login()).unwrap();
    (HandshakeUtils::build_client_finish(sealed_static, sealed_payload).encode_to_vec(), noise)
}

fn check_chain(chain: &[u8], server_static: [u8; 32], root: [u8; 32]) {
    let chain = wa::CertChain::decode_from_slice(chain).unwrap();
    let mut issuer = root;
    let mut issuer_serial = Some(0);
    for certificate in [&chain.intermediate, &chain.leaf] {
        let bytes = certificate.details.clone().unwrap();
        assert!(verify(&issuer, &[&bytes], certificate.signature.as_ref().unwrap()));
        let details = wa::cert_chain::noise_certificate::Details::decode_from_slice(&bytes).unwrap();
        assert_eq!(details.issuer_serial, issuer_serial);
        issuer = details.key.unwrap().try_into().unwrap();
        issuer_serial = details.serial;
    }
    assert_eq!(issuer, server_static);
}

fn assert_transport_works(server: &mut Handshaken, write: &NoiseCipher, read: &NoiseCipher) {
    for counter in 0..3 {
        let from_client = write.encrypt_with_counter(counter, b"from the client").unwrap();
        assert_eq!(&server.opener.open(BytesMut::from(&from_client[..])).unwrap()[..], b"from the client");
        let mut to_client = server.sealer.seal(b"to the client".to_vec()).unwrap();
        read.decrypt_in_place_with_counter(counter, &mut to_client).unwrap();
        assert_eq!(to_client, b"to the client");
    }
}

fn pending(answer: HelloAnswer) -> (Vec<u8>, Box<AwaitingFinish>) {
    match answer {
        HelloAnswer::Pending { reply, state } => (reply, state),
        HelloAnswer::Done { .. } => panic!("expected XX"),
    }
}

fn xx_hello(ephemeral: &CurveKeyPair) -> Vec<u8> {
    HandshakeUtils::build_client_hello(&ephemeral.public).encode_to_vec()
}

#[test]
fn xx_ends_with_ciphers_the_clients_static_key_and_its_payload() {
    let (identity, mut rng) = (identity(), rand::rng());
    let [client, ephemeral] = std::array::from_fn(|_| CurveKeyPair::generate(&mut rng));
    let (reply, state) =
        pending(answer_hello(&identity, WA_CONN_HEADER, &xx_hello(&ephemeral), &mut rng).unwrap());
    let (finish, noise) = finish_xx(NOISE_PATTERN_XX, &client, &ephemeral, &reply, identity.root_public());
    let mut server = state.finish(&finish).unwrap();
    assert_eq!(server.pattern, Pattern::Xx);
    assert_eq!(server.client_static, client.public);
    assert_eq!(server.payload.username, Some(999_000_000_001));
    let (write, read) = noise.finish().unwrap();
    assert_transport_works(&mut server, &write, &read);
}

#[test]
fn a_client_that_trusts_whatsapps_root_refuses_this_server_on_xx() {
    let mut rng = rand::rng();
    let mut client = XxHandshakeState::new(KeyPair::generate(&mut rng), login(), &WA_CONN_HEADER).unwrap();
    let hello = client.build_client_hello().unwrap();
    let (reply, _) = pending(answer_hello(&identity(), WA_CONN_HEADER, &hello, &mut rng).unwrap());
    let refusal = client.read_server_hello_and_build_client_finish(&reply).unwrap_err();
    assert!(refusal.to_string().contains("XEdDSA"), "{refusal}");
}

fn ik_client(server_static: [u8; 32]) -> (IkHandshakeState, [u8; 32], Vec<u8>) {
    let keys = KeyPair::generate(&mut rand::rng());
    let public = crate::crypto::keys::raw(&keys.public_key);
    let mut client = IkHandshakeState::new(keys, server_static, login(), &WA_CONN_HEADER).unwrap();
    let hello = client.build_client_hello().unwrap();
    (client, public, hello)
}

#[test]
fn ik_ends_after_one_round_trip() {
    let identity = identity();
    let (client, public, hello) = ik_client(identity.static_public());
    let HelloAnswer::Done { reply, mut session } =
        answer_hello(&identity, WA_CONN_HEADER, &hello, &mut rand::rng()).unwrap()
    else {
        panic!("expected IK")
    };
    let IkServerHelloOutcome::Continue(outcome) = client.read_server_hello(&reply).unwrap() else {
        panic!("the client fell back")
    };
    assert_eq!((session.pattern, session.client_static), (Pattern::Ik, public));
    assert_eq!(session.payload.device, Some(3));
    assert_transport_works(&mut session, &outcome.write_cipher, &outcome.read_cipher);
}

#[test]
fn a_stale_cached_key_falls_back_to_xx_and_the_client_then_sees_a_foreign_chain() {
    let identity = identity();
    let (client, _, hello) = ik_client([9; 32]);
    let (reply, _) = pending(answer_hello(&identity, WA_CONN_HEADER, &hello, &mut rand::rng()).unwrap());
    let IkServerHelloOutcome::Fallback(inputs) = client.read_server_hello(&reply).unwrap() else {
        panic!("the client did not fall back")
    };
    let mut fallback = XxFallbackHandshakeState::from_ik_failure(*inputs, &WA_CONN_HEADER).unwrap();
    assert!(fallback.build_client_finish().unwrap_err().to_string().contains("XEdDSA"));
}

#[test]
fn a_fallback_of_a_client_that_trusts_us_completes() {
    let (identity, mut rng) = (identity(), rand::rng());
    let [client, ephemeral] = std::array::from_fn(|_| CurveKeyPair::generate(&mut rng));
    let hello = HandshakeUtils::build_ik_client_hello(&ephemeral.public, vec![1; 48], vec![2; 32]);
    let (reply, state) =
        pending(answer_hello(&identity, WA_CONN_HEADER, &hello.encode_to_vec(), &mut rng).unwrap());
    let (finish, noise) =
        finish_xx(NOISE_PATTERN_XXFALLBACK, &client, &ephemeral, &reply, identity.root_public());
    let mut server = state.finish(&finish).unwrap();
    assert_eq!(server.pattern, Pattern::XxFallback);
    let (write, read) = noise.finish().unwrap();
    assert_transport_works(&mut server, &write, &read);
}

#[test]
fn changed_handshake_messages_are_refused() {
    let (identity, mut rng) = (identity(), rand::rng());
    let [client, ephemeral] = std::array::from_fn(|_| CurveKeyPair::generate(&mut rng));
    for tamper in [0_usize, 1] {
        let (reply, state) =
            pending(answer_hello(&identity, WA_CONN_HEADER, &xx_hello(&ephemeral), &mut rng).unwrap());
        let (finish, _) = finish_xx(NOISE_PATTERN_XX, &client, &ephemeral, &reply, identity.root_public());
        let mut message = wa::HandshakeMessage::decode_from_slice(&finish).unwrap();
        let mut body = message.client_finish.take().unwrap();
        let field = if tamper == 0 { &mut body.r#static } else { &mut body.payload };
        field.as_mut().unwrap()[3] ^= 1;
        message.client_finish = MessageField::some(body);
        assert!(matches!(state.finish(&message.encode_to_vec()), Err(NoiseError::Authentication(_))));
    }

    let (_, _, hello) = ik_client(identity.static_public());
    let mut message = wa::HandshakeMessage::decode_from_slice(&hello).unwrap();
    let mut body = message.client_hello.take().unwrap();
    body.payload.as_mut().unwrap()[3] ^= 1;
    message.client_hello = MessageField::some(body);
    let refused = answer_hello(&identity, WA_CONN_HEADER, &message.encode_to_vec(), &mut rng);
    assert!(matches!(refused, Err(NoiseError::Authentication(_))));
}

#[test]
fn another_prologue_than_the_one_sent_is_noticed() {
    let identity = identity();
    let (_, _, hello) = ik_client(identity.static_public());
    let answer = answer_hello(&identity, *b"WA\x06\x02", &hello, &mut rand::rng()).unwrap();
    assert!(matches!(answer, HelloAnswer::Pending { .. }), "the hello is not authentic under this prologue");
}

#[test]
fn what_is_no_hello_is_refused() {
    let (identity, mut rng) = (identity(), rand::rng());
    let mut refuse = |frame: &[u8]| match answer_hello(&identity, WA_CONN_HEADER, frame, &mut rng) {
        Err(error) => error,
        Ok(_) => panic!("accepted {frame:?}"),
    };
    assert!(matches!(refuse(b"\xff\xff\xff"), NoiseError::Message(_)));
    assert!(matches!(refuse(b""), NoiseError::Message(_)));
    let short = HandshakeUtils::build_client_hello(&[1; 31]).encode_to_vec();
    assert!(matches!(refuse(&short), NoiseError::KeyLength(_)));
    let mut half = HandshakeUtils::build_client_hello(&[1; 32]);
    half.client_hello.get_or_insert_default().r#static = Some(vec![0; 48]);
    assert!(matches!(refuse(&half.encode_to_vec()), NoiseError::Message(_)));
}

#[test]
fn a_changed_or_repeated_frame_does_not_open() {
    let identity = identity();
    let (client, _, hello) = ik_client(identity.static_public());
    let Ok(HelloAnswer::Done { reply, mut session }) =
        answer_hello(&identity, WA_CONN_HEADER, &hello, &mut rand::rng())
    else {
        panic!("expected IK")
    };
    let Ok(IkServerHelloOutcome::Continue(outcome)) = client.read_server_hello(&reply) else {
        panic!("the client fell back")
    };
    let frame = outcome.write_cipher.encrypt_with_counter(0, b"x").unwrap();
    session.opener.open(BytesMut::from(&frame[..])).unwrap();
    assert!(session.opener.open(BytesMut::from(&frame[..])).is_err(), "a repeated frame");
    let mut frame = outcome.write_cipher.encrypt_with_counter(2, b"x").unwrap();
    frame[0] ^= 1;
    assert!(session.opener.open(BytesMut::from(&frame[..])).is_err(), "a changed frame");
    assert!(session.opener.open(BytesMut::from(&b"short"[..])).is_err(), "shorter than a tag");
}
