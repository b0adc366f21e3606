//! Reading nodes as tolerantly as clients write them: an attribute may be text or a JID, a content bytes, text, a token
//! or packed digits.

use std::borrow::Cow;

use wacore_binary::{Jid, Node};

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
        let _ = key;
        todo!()
    }
    fn attr_jid(&self, key: &str) -> Option<Jid> {
        let _ = key;
        todo!()
    }
    fn attr_u64(&self, key: &str) -> Option<u64> {
        let _ = key;
        todo!()
    }
    fn child(&self, tag: &str) -> Option<&Node> {
        let _ = tag;
        todo!()
    }
    fn all_children(&self) -> &[Node] {
        todo!()
    }
    fn children_named<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Node> {
        self.all_children().iter().filter(move |child| child.tag == tag)
    }
    fn content_bytes(&self) -> Option<&[u8]> {
        todo!()
    }
    fn content_text(&self) -> Option<&str> {
        todo!()
    }
    fn content_u64(&self) -> Option<u64> {
        todo!()
    }
    fn content_array<const N: usize>(&self) -> Option<[u8; N]> {
        todo!()
    }
}
