//! Frames: `len:u24be ‖ payload`, cut from and put into a byte stream.

use bytes::{Bytes, BytesMut};

use super::intro::{Intro, IntroError};

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
        Self { buffer: BytesMut::new(), intro: None, max_frame }
    }

    /// Takes bytes as they arrived.
    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The intro, once enough bytes came and `next_frame` was called.
    pub(crate) fn intro(&self) -> Option<&Intro> {
        self.intro.as_ref()
    }

    /// The next whole frame's payload, or `None` until more bytes come.
    pub(crate) fn next_frame(&mut self) -> Result<Option<BytesMut>, FrameError> {
        let _ = self.max_frame;
        todo!()
    }
}

/// A payload as a frame.
pub(crate) fn encode_frame(payload: &[u8]) -> Result<Bytes, FrameError> {
    let _ = payload;
    todo!()
}
