//! Stanzas as they lie in a decrypted frame: a flag byte, then binary XML, perhaps under zlib.

use bytes::BytesMut;
use wacore_binary::Node;

/// A decrypted frame holds no stanza, or a stanza cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StanzaError {
    /// The bytes are no stanza. The detail names the place, never the content.
    #[error("not a stanza: {0}")]
    Malformed(String),
    /// The stanza has a shape the encoding has no room for.
    #[error("a stanza cannot be encoded: {0}")]
    Unencodable(String),
}

/// Reads a decrypted frame. Inflates at most 16 MiB.
pub(crate) fn decode_stanza(frame: BytesMut) -> Result<Node, StanzaError> {
    let _ = frame;
    todo!()
}

/// Writes a stanza with its flag byte (0: not compressed).
pub(crate) fn encode_stanza(node: &Node) -> Result<Vec<u8>, StanzaError> {
    let _ = node;
    todo!()
}
