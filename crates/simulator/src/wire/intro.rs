//! The first bytes of a client: an optional edge-routing part, then `"WA" 6 dictionary`.

/// What a client said before its first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intro {
    /// The routing hint of an `ED` part, if one was sent. It is not hashed into the handshake.
    pub(crate) routing_info: Option<Vec<u8>>,
    /// The four bytes `"WA" 6 dictionary`: the prologue of the handshake.
    pub(crate) header: [u8; 4],
}

/// Why a stream cannot be a client of this network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum IntroError {
    /// The stream begins with something else.
    #[error("the stream does not begin with a WhatsApp intro")]
    NotWhatsApp,
    /// Another protocol generation than 6.
    #[error("protocol generation {0} is not served; this network speaks 6")]
    Generation(u8),
    /// Another token dictionary: its stanzas would be misread.
    #[error("token dictionary {found} is not served; this network speaks {served}")]
    Dictionary {
        /// The dictionary the client speaks.
        found: u8,
        /// The one this network speaks.
        served: u8,
    },
}

impl Intro {
    /// Reads an intro from the front of `buffer`; gives it and the bytes it took, or `None` while it is incomplete.
    pub(crate) fn parse(buffer: &[u8]) -> Result<Option<(Self, usize)>, IntroError> {
        let _ = buffer;
        todo!()
    }
}
