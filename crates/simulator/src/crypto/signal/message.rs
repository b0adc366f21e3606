//! Plaintexts: the padding every `<enc>` has, and the wrapper of messages to our own other devices.

use buffa::MessageField;
use rand::CryptoRng;
use wacore_binary::Jid;
use waproto::whatsapp::message::DeviceSentMessage;
use waproto::whatsapp::{self as wa};

use super::SignalError;

const MAX_PADDING: u8 = 16;

/// The plaintext and 1 to 16 bytes, each telling how many.
pub(super) fn pad<R: CryptoRng>(plaintext: &[u8], rng: &mut R) -> Vec<u8> {
    let mut byte = [0];
    rng.fill_bytes(&mut byte);
    let padding = 1 + byte[0] % MAX_PADDING;
    let mut padded = Vec::with_capacity(plaintext.len() + usize::from(padding));
    padded.extend_from_slice(plaintext);
    padded.resize(plaintext.len() + usize::from(padding), padding);
    padded
}

/// The plaintext without its padding.
pub(super) fn unpad(mut padded: Vec<u8>) -> Result<Vec<u8>, SignalError> {
    let padding = *padded.last().ok_or(SignalError::Padding)?;
    let end = padded.len().checked_sub(usize::from(padding)).ok_or(SignalError::Padding)?;
    if padding == 0 || padding > MAX_PADDING || padded[end..].iter().any(|byte| *byte != padding) {
        return Err(SignalError::Padding);
    }
    padded.truncate(end);
    Ok(padded)
}

/// `DeviceSentMessage`: what the sender's own other devices get instead of the message.
pub(crate) fn wrap_device_sent(destination: &Jid, message: wa::Message) -> wa::Message {
    wa::Message {
        message_context_info: message.message_context_info.clone(),
        device_sent_message: MessageField::some(DeviceSentMessage {
            destination_jid: Some(destination.to_string()),
            message: MessageField::some(message),
            phash: None,
        }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_goes_on_and_comes_off() {
        let mut rng = rand::rng();
        let mut lengths = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let padded = pad(b"hello", &mut rng);
            lengths.insert(padded.len() - 5);
            assert_eq!(unpad(padded).unwrap(), b"hello");
        }
        assert_eq!((lengths.first(), lengths.last()), (Some(&1), Some(&16)));
    }

    #[test]
    fn wrong_padding_is_refused() {
        for padded in [&b""[..], b"a\0", b"\x02", b"a\x03\x02\x02\x03", &[17; 17]] {
            assert!(matches!(unpad(padded.to_vec()), Err(SignalError::Padding)), "{padded:?}");
        }
    }

    #[test]
    fn a_device_sent_message_names_the_chat_and_holds_the_message() {
        let message = wa::Message { conversation: Some("hi".to_owned()), ..Default::default() };
        let wrapped = wrap_device_sent(&Jid::pn("999000000002"), message);
        let sent = &wrapped.device_sent_message;
        assert_eq!(sent.destination_jid.as_deref(), Some("999000000002@s.whatsapp.net"));
        assert_eq!(sent.message.conversation.as_deref(), Some("hi"));
        assert!(wrapped.conversation.is_none());
    }
}
