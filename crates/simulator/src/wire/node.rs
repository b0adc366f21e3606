//! Reading nodes as tolerantly as clients write them: an attribute may be text or a JID, a content bytes, text, a token
//! or packed digits.

use std::borrow::Cow;

use wacore_binary::{Jid, Node, NodeContent, NodeValue};

use super::address::parse_jid;

/// Accessors of a node.
pub(crate) trait NodeExt {
    /// An attribute as text.
    fn attr(&self, key: &str) -> Option<Cow<'_, str>>;
    /// An attribute as an address.
    fn attr_jid(&self, key: &str) -> Option<Jid>;
    /// An attribute as a number.
    fn attr_u64(&self, key: &str) -> Option<u64>;
    /// The first child with this tag.
    fn child(&self, tag: &str) -> Option<&Node>;
    /// Every child; empty when the content is no list.
    fn all_children(&self) -> &[Node];
    /// Every child with this tag.
    fn children_named<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Node>;
    /// The content as bytes, whether it was written as bytes or as text.
    fn content_bytes(&self) -> Option<&[u8]>;
    /// The content as text, whether it was written as text or as bytes of UTF-8.
    fn content_text(&self) -> Option<&str>;
    /// The content as a big-endian number of at most 8 bytes.
    fn content_u64(&self) -> Option<u64>;
    /// The content as exactly `N` bytes; a 33-byte key loses its type byte 5 where `N` is 32.
    fn content_array<const N: usize>(&self) -> Option<[u8; N]>;
}

impl NodeExt for Node {
    fn attr(&self, key: &str) -> Option<Cow<'_, str>> {
        self.attrs.get(key).map(NodeValue::as_str)
    }

    fn attr_jid(&self, key: &str) -> Option<Jid> {
        match self.attrs.get(key)? {
            NodeValue::Jid(jid) => Some(jid.clone()),
            NodeValue::String(text) => parse_jid(text),
        }
    }

    fn attr_u64(&self, key: &str) -> Option<u64> {
        self.attr(key)?.parse().ok()
    }

    fn child(&self, tag: &str) -> Option<&Node> {
        self.all_children().iter().find(|child| child.tag == tag)
    }

    fn all_children(&self) -> &[Node] {
        match &self.content {
            Some(NodeContent::Nodes(children)) => children,
            _ => &[],
        }
    }

    fn children_named<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Node> {
        self.all_children().iter().filter(move |child| child.tag == tag)
    }

    fn content_bytes(&self) -> Option<&[u8]> {
        match self.content.as_ref()? {
            NodeContent::Bytes(bytes) => Some(bytes),
            NodeContent::String(text) => Some(text.as_bytes()),
            NodeContent::Nodes(_) => None,
        }
    }

    fn content_text(&self) -> Option<&str> {
        std::str::from_utf8(NodeExt::content_bytes(self)?).ok()
    }

    fn content_u64(&self) -> Option<u64> {
        let bytes = NodeExt::content_bytes(self)?;
        if bytes.is_empty() || bytes.len() > 8 {
            return None;
        }
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn content_array<const N: usize>(&self) -> Option<[u8; N]> {
        match NodeExt::content_bytes(self)? {
            [5, key @ ..] if N == 32 && key.len() == 32 => key.try_into().ok(),
            bytes => bytes.try_into().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::build::element;
    use crate::wire::stanza::{decode_stanza, encode_stanza};
    use bytes::BytesMut;

    #[test]
    fn contents_are_read_whether_written_as_bytes_packed_digits_or_tokens() {
        for node in [
            element("n").bytes(*b"1").build(),
            element("n").string_content("1").build(),
            element("n").string_content("available").build(),
            element("n").string_content("0123.45-6").build(),
            element("n").string_content("ABCDEF01").build(),
        ] {
            let sent = NodeExt::content_bytes(&node).unwrap().to_vec();
            let wire = encode_stanza(&node).unwrap();
            let read = decode_stanza(BytesMut::from(&wire[..])).unwrap();
            assert_eq!(NodeExt::content_bytes(&read).unwrap(), sent);
            assert_eq!(read.content_text().unwrap().as_bytes(), sent);
        }
    }

    #[test]
    fn numbers_and_keys_are_read_from_contents() {
        assert_eq!(element("id").bytes([0, 1, 2]).build().content_u64(), Some(0x102));
        assert_eq!(element("id").bytes([0; 9]).build().content_u64(), None);
        let mut typed = vec![5];
        typed.extend([9; 32]);
        assert_eq!(element("identity").bytes(typed).build().content_array(), Some([9; 32]));
        assert_eq!(element("identity").bytes([9; 31]).build().content_array::<32>(), None);
    }

    #[test]
    fn addresses_are_read_from_text_and_from_jids() {
        let jid = Jid::pn_device("999000000001", 3);
        let node = element("m").attr("a", jid.clone()).attr("b", jid.to_string()).attr("c", "7").build();
        assert_eq!(node.attr_jid("a"), Some(jid.clone()));
        assert_eq!(node.attr_jid("b"), Some(jid));
        assert_eq!(node.attr_u64("c"), Some(7));
        assert_eq!(node.attr_u64("a"), None);
        assert!(node.attr("none").is_none());
    }
}
