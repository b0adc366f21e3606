//! A decrypted stanza as a message: its chat, its writer, its time, and what it says.

use super::{kind, person};
use enlace_domain::address::Person;
use enlace_domain::port::InboundMessage;
use wacore::types::events::InboundMessage as WireMessage;
use wacore::types::message::MessageSource;
use wacore_binary::JidExt;
use whatsapp_rust::Client;

/// The message, if a person said something in a chat. Status posts are no messages of a chat.
pub(crate) async fn read(client: &Client, wire: &WireMessage) -> Option<InboundMessage> {
    let content = kind::content(&wire.message)?;
    let info = &wire.info;
    let source = &info.source;
    if source.chat.is_status_broadcast() {
        return None;
    }
    let from_person = writer(client, source).await;
    let from = from_person.preferred().cloned().or_else(|| person::jid(&source.sender))?;
    let (chat, chat_person) = if source.is_group || source.chat.is_group() || source.chat.is_newsletter() {
        (person::jid(&source.chat)?, Person::default())
    } else {
        let chat_person = partner(client, source, &from_person).await;
        (chat_person.preferred().cloned().or_else(|| person::jid(&source.chat))?, chat_person)
    };
    Some(InboundMessage {
        wa_id: info.id.clone(),
        chat,
        chat_person,
        from,
        from_person,
        from_me: source.is_from_me,
        push_name: Some(info.push_name.clone()).filter(|name| !name.is_empty()),
        at: info.timestamp,
        content,
    })
}

/// Who wrote it. For our own other devices both addresses are known without asking.
async fn writer(client: &Client, source: &MessageSource) -> Person {
    if source.is_from_me {
        let own = [client.pn(), client.lid(), Some(source.sender.clone())];
        let own = Person::from_jids(own.iter().flatten().filter_map(person::jid));
        if own.preferred().is_some() {
            return own;
        }
    }
    person::person(client, &source.sender, source.sender_alt.as_ref()).await
}

/// Whose chat it is: theirs when they wrote, the recipient's when one of our devices wrote. A broadcast list's message
/// belongs to the chat with its writer.
async fn partner(client: &Client, source: &MessageSource, writer: &Person) -> Person {
    if source.is_from_me {
        let recipient = source.recipient.as_ref().unwrap_or(&source.chat);
        return person::person(client, recipient, source.recipient_alt.as_ref()).await;
    }
    writer.clone()
}
