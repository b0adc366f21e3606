//! Building what the server says.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeValue};

use super::address::server_jid;

/// Begins an element. Contents go in with `.bytes()`, never as strings, so that small ids and keys stay `BINARY_8`.
pub(crate) fn element(tag: &'static str) -> NodeBuilder {
    NodeBuilder::new(tag)
}

/// An element with nothing but bytes in it.
pub(crate) fn bytes_element(tag: &'static str, content: impl Into<Vec<u8>>) -> Node {
    element(tag).bytes(content).build()
}

/// `<iq from=S type=result id=…>children</iq>` in answer to `request` (its `to` becomes `from`, the server if it had none).
pub(crate) fn iq_result(request: &Node, children: impl IntoIterator<Item = Node>) -> Node {
    let answer = iq_answer(request, "result");
    let children: Vec<Node> = children.into_iter().collect();
    if children.is_empty() { answer.build() } else { answer.children(children).build() }
}

/// `<iq type=error …><error code text/></iq>` in answer to `request`.
pub(crate) fn iq_error(request: &Node, code: u16, text: &'static str) -> Node {
    iq_error_for(request, code, text, None)
}

/// The same with the seconds after which the client may ask again.
pub(crate) fn iq_error_for(request: &Node, code: u16, text: &'static str, backoff: Option<u64>) -> Node {
    let error = element("error").attr("code", code).attr("text", text);
    let error = match backoff {
        Some(seconds) => error.attr("backoff", seconds),
        None => error,
    };
    iq_answer(request, "error").children([error.build()]).build()
}

fn iq_answer(request: &Node, kind: &'static str) -> NodeBuilder {
    let answer = element("iq").attr("from", addressed(request)).attr("type", kind);
    match request.attrs.get("id") {
        Some(id) => answer.attr("id", id.clone()),
        None => answer,
    }
}

/// Whom a stanza was sent to; the server where it names nobody, or names the server in any spelling.
fn addressed(stanza: &Node) -> NodeValue {
    match stanza.attrs.get("to") {
        Some(NodeValue::Jid(jid)) if !jid.user.is_empty() => NodeValue::Jid(jid.clone()),
        Some(NodeValue::String(text)) if text.split_once('@').is_some_and(|(user, _)| !user.is_empty()) => {
            NodeValue::String(text.clone())
        }
        _ => NodeValue::Jid(server_jid()),
    }
}

/// `<ack class id from [t type participant recipient error]/>`: the server's acknowledgement of a client's stanza
/// (`message`, `receipt`, `notification`, `call`); the class is the stanza's tag. `t` in seconds for messages.
pub(crate) fn ack_of(stanza: &Node, t: Option<u64>, error: Option<u16>) -> Node {
    let mut ack = element("ack").attr("class", stanza.tag.as_ref()).attr("from", addressed(stanza));
    for key in ["id", "participant", "recipient"] {
        if let Some(value) = stanza.attrs.get(key) {
            ack = ack.attr(key, value.clone());
        }
    }
    // A message's `type` says what it holds, not what is acknowledged.
    if stanza.tag != "message"
        && let Some(kind) = stanza.attrs.get("type")
    {
        ack = ack.attr("type", kind.clone());
    }
    if let Some(t) = t {
        ack = ack.attr("t", t);
    }
    if let Some(error) = error {
        ack = ack.attr("error", error);
    }
    ack.build()
}

/// A 3-byte big-endian id, as prekey ids are written.
pub(crate) fn id_bytes(id: u32) -> [u8; 3] {
    let [_, a, b, c] = id.to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::node::NodeExt;
    use wacore_binary::Jid;

    #[test]
    fn an_answer_has_the_requests_id_and_comes_from_whom_it_was_sent_to() {
        let to_server = element("iq").attr("id", "a1").attr("to", "s.whatsapp.net").build();
        let answer = iq_result(&to_server, []);
        assert_eq!(answer.attrs.get("from"), Some(&NodeValue::Jid(server_jid())));
        assert_eq!(answer.attr("id").unwrap(), "a1");
        assert!(answer.content.is_none());
        let to_group = element("iq").attr("id", "a2").attr("to", Jid::group("120363")).build();
        let refusal = iq_error(&to_group, 404, "item-not-found");
        assert_eq!(refusal.attr_jid("from"), Some(Jid::group("120363")));
        assert_eq!(refusal.child("error").unwrap().attr("code").unwrap(), "404");
    }

    #[test]
    fn an_ack_names_class_id_and_the_other_party() {
        let receipt = element("receipt")
            .attr("id", "r")
            .attr("to", Jid::pn("999000000001"))
            .attr("type", "read")
            .attr("participant", Jid::lid_device("5", 2))
            .build();
        let ack = ack_of(&receipt, None, None);
        assert_eq!(
            (ack.attr("class").unwrap(), ack.attr("type").unwrap()),
            ("receipt".into(), "read".into())
        );
        assert_eq!(ack.attr_jid("from"), Some(Jid::pn("999000000001")));
        assert_eq!(ack.attr_jid("participant"), Some(Jid::lid_device("5", 2)));

        let message =
            element("message").attr("id", "m").attr("to", Jid::lid("5")).attr("type", "text").build();
        let ack = ack_of(&message, Some(12), Some(479));
        assert!(ack.attr("type").is_none());
        assert_eq!((ack.attr_u64("t"), ack.attr_u64("error")), (Some(12), Some(479)));
    }

    #[test]
    fn prekey_ids_have_three_bytes() {
        assert_eq!(id_bytes(0x01_02_03), [1, 2, 3]);
    }
}
