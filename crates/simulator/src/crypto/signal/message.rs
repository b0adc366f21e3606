//! Plaintexts: the padding every `<enc>` has, and the wrapper of messages to our own other devices.

use wacore_binary::Jid;
use waproto::whatsapp as wa;

/// `DeviceSentMessage`: what the sender's own other devices get instead of the message.
pub(crate) fn wrap_device_sent(destination: &Jid, message: wa::Message) -> wa::Message {
    let _ = (destination, message);
    todo!()
}
