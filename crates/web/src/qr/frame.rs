//! How large a picture is and how much light is around it.

/// Picture edge when none is asked for, in pixels.
pub const SIZE_DEFAULT: u32 = 400;
/// Smallest picture edge, in pixels.
pub const SIZE_MIN: u32 = 64;
/// Largest picture edge, in pixels.
pub const SIZE_MAX: u32 = 2_048;
/// Quiet zone when none is asked for, in modules: what the standard demands.
pub const MARGIN_DEFAULT: u32 = 4;
/// Widest quiet zone, in modules.
pub const MARGIN_MAX: u32 = 32;

/// The frame of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    size: u32,
    margin: u32,
}

/// Sizes out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFrame {
    /// The edge.
    #[error("size is the picture's edge in pixels, {SIZE_MIN} to {SIZE_MAX}")]
    Size,
    /// The quiet zone.
    #[error("margin is the light border in modules, 0 to {MARGIN_MAX}; phones want 4")]
    Margin,
    /// Less than one pixel a module.
    #[error("this QR with this margin needs at least {least} pixels; ask for a larger size")]
    TooSmall {
        /// The smallest size that works, in pixels.
        least: u32,
    },
}

impl InvalidFrame {
    /// The name of the parameter at fault.
    pub fn parameter(&self) -> &'static str {
        match self {
            Self::Size | Self::TooSmall { .. } => "size",
            Self::Margin => "margin",
        }
    }
}

impl Default for Frame {
    fn default() -> Self {
        Self { size: SIZE_DEFAULT, margin: MARGIN_DEFAULT }
    }
}

impl Frame {
    /// A picture of `size` pixels with a quiet zone of at least `margin` modules.
    pub fn new(size: u32, margin: u32) -> Result<Self, InvalidFrame> {
        if !(SIZE_MIN..=SIZE_MAX).contains(&size) {
            return Err(InvalidFrame::Size);
        }
        if margin > MARGIN_MAX {
            return Err(InvalidFrame::Margin);
        }
        Ok(Self { size, margin })
    }

    /// The edge, in pixels.
    pub fn size(self) -> u32 {
        self.size
    }

    /// The quiet zone, in modules.
    pub fn margin(self) -> u32 {
        self.margin
    }
}
