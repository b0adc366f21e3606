//! Stanzas as they lie in a decrypted frame: a flag byte, then binary XML, perhaps under zlib.

use bytes::BytesMut;
use wacore_binary::{Node, OwnedNodeRef};

/// A decrypted frame holds no stanza, or a stanza cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StanzaError {
    /// The bytes are no stanza. The detail names the place, never the content.
    #[error("not a stanza: {0}")]
    Malformed(&'static str),
    /// The stanza has a shape the encoding has no room for.
    #[error("a stanza cannot be encoded")]
    Unencodable,
}

/// Reads a decrypted frame. Inflates at most 16 MiB.
pub(crate) fn decode_stanza(frame: BytesMut) -> Result<Node, StanzaError> {
    if frame.is_empty() {
        return Err(StanzaError::Malformed("an empty frame"));
    }
    let plain =
        wacore_binary::util::unpack_bytes(frame).map_err(|_| StanzaError::Malformed("its compression"))?;
    OwnedNodeRef::new(plain)
        .map(|node| node.to_owned_node())
        .map_err(|_| StanzaError::Malformed("its binary XML"))
}

/// Writes a stanza with its flag byte (0: not compressed).
pub(crate) fn encode_stanza(node: &Node) -> Result<Vec<u8>, StanzaError> {
    wacore_binary::marshal_auto(node).map_err(|_| StanzaError::Unencodable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::address::server_jid;
    use crate::wire::build::{bytes_element, element};
    use crate::wire::node::NodeExt;
    use std::io::Write;

    fn sample() -> Node {
        element("iq")
            .attr("from", server_jid())
            .attr("id", "17")
            .children([bytes_element("ref", *b"12"), bytes_element("key", [0, 255, 7])])
            .build()
    }

    #[test]
    fn a_stanza_survives_the_wire() {
        let bytes = encode_stanza(&sample()).unwrap();
        assert_eq!(bytes[0], 0, "plain stanzas carry the flag byte 0");
        let node = decode_stanza(BytesMut::from(&bytes[..])).unwrap();
        assert_eq!(node.tag, "iq");
        assert_eq!(node.child("key").unwrap().content_bytes(), Some(&[0, 255, 7][..]));
    }

    #[test]
    fn the_server_is_a_jid_pair_and_small_contents_are_binary() {
        let bytes = encode_stanza(&sample()).unwrap();
        let jid_pair_with_empty_user = [250, 0];
        assert!(bytes.windows(2).any(|pair| pair == jid_pair_with_empty_user));
        // BINARY_8, two bytes: digits that could be packed stay bytes.
        assert!(bytes.windows(4).any(|window| window == [252, 2, b'1', b'2']));
    }

    #[test]
    fn compressed_stanzas_are_inflated_and_bombs_refused() {
        let plain = encode_stanza(&sample()).unwrap();
        let deflate = |content: &[u8]| {
            let mut out = flate2::write::ZlibEncoder::new(vec![2], flate2::Compression::best());
            out.write_all(content).unwrap();
            BytesMut::from(&out.finish().unwrap()[..])
        };
        assert_eq!(decode_stanza(deflate(&plain[1..])).unwrap().tag, "iq");
        let bomb = deflate(&vec![0; 17 * 1024 * 1024]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(decode_stanza(bomb), Err(StanzaError::Malformed("its compression"))));
    }

    #[test]
    fn garbage_is_refused_without_a_panic() {
        for bytes in
            [&b""[..], b"\0", b"\0\xf8", b"\x02\x78", b"\0\xf8\x03\xff\xff\xff", b"\0\xf9\xff\xff\x01"]
        {
            assert!(decode_stanza(BytesMut::from(bytes)).is_err(), "{bytes:?}");
        }
        let good = encode_stanza(&sample()).unwrap();
        for end in 1..good.len() {
            assert!(decode_stanza(BytesMut::from(&good[..end])).is_err(), "cut at {end}");
        }
    }
}
