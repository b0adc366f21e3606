//! Building what the server says.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

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
    let _ = (request, children.into_iter().count());
    todo!()
}

/// `<iq type=error …><error code text/></iq>` in answer to `request`.
pub(crate) fn iq_error(request: &Node, code: u16, text: &'static str) -> Node {
    let _ = (request, code, text);
    todo!()
}

/// `<ack class id to-swapped [type participant recipient]/>`: the server's acknowledgement of a client's stanza
/// (`message`, `receipt`, `notification`, `call`); the class is the stanza's tag. `t` in seconds for messages.
pub(crate) fn ack_of(stanza: &Node, t: Option<u64>, error: Option<u16>) -> Node {
    let _ = (stanza, t, error);
    todo!()
}

/// A 3-byte big-endian id, as prekey ids are written.
pub(crate) fn id_bytes(id: u32) -> [u8; 3] {
    let [_, a, b, c] = id.to_be_bytes();
    [a, b, c]
}
