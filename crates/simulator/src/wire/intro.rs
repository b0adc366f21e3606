//! The first bytes of a client: an optional edge-routing part, then `"WA" 6 dictionary`.

use wacore_binary::consts::WA_MAGIC_VALUE;
use wacore_binary::token::DICT_VERSION;

const EDGE_PREFIX: &[u8; 4] = b"ED\x00\x01";
const HEADER_PREFIX: &[u8; 2] = b"WA";
/// Bytes of a routing hint this network is willing to skip. Real hints have a dozen.
const MAX_ROUTING_INFO: usize = 4096;

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
    /// Bytes that can no longer become an intro are refused at once.
    pub(crate) fn parse(buffer: &[u8]) -> Result<Option<(Self, usize)>, IntroError> {
        let (routing_info, start) = match Self::parse_edge(buffer)? {
            Edge::Incomplete => return Ok(None),
            Edge::Absent => (None, 0),
            Edge::Present(info, len) => (Some(info.to_vec()), len),
        };
        let rest = &buffer[start..];
        let prefix = rest.len().min(HEADER_PREFIX.len());
        if rest[..prefix] != HEADER_PREFIX[..prefix] {
            return Err(IntroError::NotWhatsApp);
        }
        let Some(header) = rest.first_chunk::<4>() else { return Ok(None) };
        if header[2] != WA_MAGIC_VALUE {
            return Err(IntroError::Generation(header[2]));
        }
        if header[3] != DICT_VERSION {
            return Err(IntroError::Dictionary { found: header[3], served: DICT_VERSION });
        }
        Ok(Some((Self { routing_info, header: *header }, start + header.len())))
    }

    fn parse_edge(buffer: &[u8]) -> Result<Edge<'_>, IntroError> {
        match buffer.first() {
            None => return Ok(Edge::Incomplete),
            Some(b'E') => {}
            Some(_) => return Ok(Edge::Absent),
        }
        let prefix = buffer.len().min(EDGE_PREFIX.len());
        if buffer[..prefix] != EDGE_PREFIX[..prefix] {
            return Err(IntroError::NotWhatsApp);
        }
        let Some(&[a, b, c]) = buffer.get(4..7).and_then(|len| len.first_chunk::<3>()) else {
            return Ok(Edge::Incomplete);
        };
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        if len > MAX_ROUTING_INFO {
            return Err(IntroError::NotWhatsApp);
        }
        match buffer.get(7..7 + len) {
            Some(info) => Ok(Edge::Present(info, 7 + len)),
            None => Ok(Edge::Incomplete),
        }
    }
}

enum Edge<'a> {
    Absent,
    Incomplete,
    Present(&'a [u8], usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_binary::consts::WA_CONN_HEADER;

    #[test]
    fn an_intro_is_read_with_and_without_edge_routing() {
        assert_eq!(
            Intro::parse(b"WA\x06\x03rest").unwrap(),
            Some((Intro { routing_info: None, header: WA_CONN_HEADER }, 4))
        );
        let (client, used) = wacore_noise::build_handshake_header(Some(b"hint"));
        assert!(used);
        let (intro, taken) = Intro::parse(&client).unwrap().unwrap();
        assert_eq!((intro.routing_info.as_deref(), taken), (Some(&b"hint"[..]), client.len()));
        assert_eq!(intro.header, WA_CONN_HEADER);
    }

    #[test]
    fn every_prefix_of_an_intro_is_incomplete() {
        let (client, _) = wacore_noise::build_handshake_header(Some(b"hint"));
        for end in 0..client.len() {
            assert_eq!(Intro::parse(&client[..end]).unwrap(), None, "after {end} bytes");
        }
    }

    #[test]
    fn another_protocol_is_refused_as_soon_as_it_shows() {
        assert_eq!(Intro::parse(b"G"), Err(IntroError::NotWhatsApp));
        assert_eq!(Intro::parse(b"WX"), Err(IntroError::NotWhatsApp));
        assert_eq!(Intro::parse(b"EX"), Err(IntroError::NotWhatsApp));
        assert_eq!(Intro::parse(b"ED\x00\x01\xff\xff\xff"), Err(IntroError::NotWhatsApp));
        assert_eq!(Intro::parse(b"WA\x05\x03"), Err(IntroError::Generation(5)));
        assert_eq!(Intro::parse(b"WA\x06\x02"), Err(IntroError::Dictionary { found: 2, served: 3 }));
    }
}
