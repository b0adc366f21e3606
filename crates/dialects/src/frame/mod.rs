//! What every dialect is built from: its operations, who asks, what was sent, and pictures of a QR. Nothing here knows a
//! vendor.

pub(crate) mod body;
pub(crate) mod guest;
pub(crate) mod operation;
pub(crate) mod picture;
pub(crate) mod state;
pub(crate) mod vendor;
