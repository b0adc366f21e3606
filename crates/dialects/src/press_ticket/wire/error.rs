//! The two shapes of an error answer: application errors say `error`, the routes of a connection's life say `message`.

use serde::Serialize;

/// Most errors.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) error: &'a str,
}

/// Those of `qrcode`, `shutdown` and the like.
#[derive(Serialize)]
pub(crate) struct MessageBody<'a> {
    pub(crate) message: &'a str,
}
