//! Frames: `len:u24be ‖ payload`, cut from and put into a byte stream.

use bytes::{Buf, Bytes, BytesMut};

use super::intro::{Intro, IntroError};

const LENGTH_BYTES: usize = 3;
/// The largest payload a length of 24 bits can name.
pub(crate) const MAX_FRAME: usize = 0xFF_FFFF;
/// The largest stanza that can be sent: sealing adds a tag of 16 bytes.
pub(crate) const MAX_SENT: usize = MAX_FRAME - 16;
/// The largest stanza that is queued: one that waits is marked `offline` when it is sent.
pub(crate) const MAX_STANZA: usize = MAX_SENT - 48;
/// What is set aside for a frame that was only announced; more comes with the bytes themselves.
const EAGER_RESERVE: usize = 64 * 1024;

/// Why a stream of frames cannot be read on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// The intro is not one of this network's.
    #[error(transparent)]
    Intro(#[from] IntroError),
    /// A frame is announced or offered that is larger than the bound.
    #[error("a frame of {len} bytes is larger than the bound of {max}")]
    TooLarge {
        /// Bytes announced.
        len: usize,
        /// The bound.
        max: usize,
    },
}

/// Reads a client's stream: the intro once, then frames, whatever way the bytes were chunked.
pub(crate) struct ClientStream {
    buffer: BytesMut,
    intro: Option<Intro>,
    max_frame: usize,
}

impl ClientStream {
    /// A stream that refuses frames of more than `max_frame` bytes.
    pub(crate) fn new(max_frame: usize) -> Self {
        Self { buffer: BytesMut::new(), intro: None, max_frame: max_frame.min(MAX_FRAME) }
    }

    /// Takes bytes as they arrived.
    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The intro, once enough bytes came and `next_frame` was called.
    pub(crate) fn intro(&self) -> Option<&Intro> {
        self.intro.as_ref()
    }

    /// The next whole frame's payload, or `None` until more bytes come. After an error the stream is unusable.
    pub(crate) fn next_frame(&mut self) -> Result<Option<BytesMut>, FrameError> {
        if self.intro.is_none() {
            let Some((intro, taken)) = Intro::parse(&self.buffer)? else { return Ok(None) };
            self.buffer.advance(taken);
            self.intro = Some(intro);
        }
        let Some(&[a, b, c]) = self.buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        if len > self.max_frame {
            return Err(FrameError::TooLarge { len, max: self.max_frame });
        }
        let missing = (LENGTH_BYTES + len).saturating_sub(self.buffer.len());
        if missing > 0 {
            self.buffer.reserve(missing.min(EAGER_RESERVE));
            return Ok(None);
        }
        self.buffer.advance(LENGTH_BYTES);
        let frame = self.buffer.split_to(len);
        if self.buffer.is_empty() {
            // An idle connection keeps no buffer; a large frame's allocation leaves with the frame.
            self.buffer = BytesMut::new();
        }
        Ok(Some(frame))
    }
}

/// A payload as a frame.
pub(crate) fn encode_frame(payload: &[u8]) -> Result<Bytes, FrameError> {
    let too_large = FrameError::TooLarge { len: payload.len(), max: MAX_FRAME };
    let len = u32::try_from(payload.len()).ok().filter(|len| *len as usize <= MAX_FRAME).ok_or(too_large)?;
    let mut frame = BytesMut::with_capacity(LENGTH_BYTES + payload.len());
    frame.extend_from_slice(&len.to_be_bytes()[1..]);
    frame.extend_from_slice(payload);
    Ok(frame.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_bytes(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"WA\x06\x03".to_vec();
        for payload in payloads {
            bytes.extend_from_slice(&encode_frame(payload).unwrap());
        }
        bytes
    }

    fn drain(stream: &mut ClientStream) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| stream.next_frame().unwrap()).map(|frame| frame.to_vec()).collect()
    }

    #[test]
    fn frames_come_out_whole_however_the_bytes_were_chunked() {
        let large = vec![7; 200_000];
        let payloads: [&[u8]; 4] = [b"one", b"", &large, b"four"];
        let bytes = client_bytes(&payloads);
        for chunk in [1, 2, 3, 5, 1_000, bytes.len()] {
            let mut stream = ClientStream::new(MAX_FRAME);
            let mut frames = Vec::new();
            for piece in bytes.chunks(chunk) {
                stream.feed(piece);
                frames.extend(drain(&mut stream));
            }
            assert_eq!(frames, payloads, "in chunks of {chunk}");
            assert!(stream.intro().is_some());
        }
    }

    #[test]
    fn a_frame_beyond_the_bound_is_refused_by_its_announcement() {
        let mut stream = ClientStream::new(10);
        stream.feed(b"WA\x06\x03\x00\x00\x0b");
        assert_eq!(stream.next_frame(), Err(FrameError::TooLarge { len: 11, max: 10 }));
        assert!(encode_frame(&vec![0; MAX_FRAME + 1]).is_err());
    }

    #[test]
    fn another_dictionary_ends_the_stream_before_any_frame() {
        let mut stream = ClientStream::new(10);
        stream.feed(b"WA\x06\x02\x00\x00\x01x");
        assert!(matches!(stream.next_frame(), Err(FrameError::Intro(IntroError::Dictionary { .. }))));
    }

    #[test]
    fn the_clients_own_decoder_reads_our_frames() {
        let mut decoder = wacore_noise::framing::FrameDecoder::new();
        decoder.feed(&encode_frame(b"to the client").unwrap());
        assert_eq!(&decoder.decode_frame().unwrap()[..], b"to the client");
    }
}
