//! The error answers that this surface gives by itself, besides those that come from the use cases.

use axum::http::StatusCode;

macro_rules! own {
    ($($(#[$doc:meta])* $name:ident = $status:ident $code:literal;)*) => {
        /// An error answer of this surface: no other can be given, so the list of them is whole.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Own {
            $($(#[$doc])* $name,)*
        }

        impl Own {
            /// Every one.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its status and its stable code.
            pub(crate) fn answer(self) -> (StatusCode, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $code),)*
                }
            }
        }
    };
}

own! {
    /// A handler panicked.
    Internal = INTERNAL_SERVER_ERROR "internal";
    /// Nothing is served at this path.
    RouteNotFound = NOT_FOUND "route-not-found";
    /// A layer below found nothing.
    NotFound = NOT_FOUND "not-found";
    /// The path exists, with other methods.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method-not-allowed";
    /// A layer below refused the request in words of its own; it keeps its status.
    RequestRefused = BAD_REQUEST "request-refused";
    /// The body is larger than this gateway takes.
    BodyTooLarge = PAYLOAD_TOO_LARGE "body-too-large";
    /// The body ended too early.
    BodyUnreadable = BAD_REQUEST "body-unreadable";
    /// The body does not say that it is JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported-media-type";
    /// The body is not JSON, or no object.
    InvalidJson = BAD_REQUEST "invalid-json";
    /// A field, parameter or header is wrong.
    InvalidField = UNPROCESSABLE_ENTITY "invalid-field";
    /// A cursor of the event log is no number.
    InvalidCursor = BAD_REQUEST "invalid-cursor";
    /// There is no such form of a QR.
    UnknownFormat = NOT_ACCEPTABLE "unknown-format";
    /// The network gave more than a QR can hold.
    QrTooLong = INTERNAL_SERVER_ERROR "qr-too-long";
    /// Not built, or not offered.
    Unsupported = NOT_IMPLEMENTED "unsupported";
    /// There is no credential.
    KeyMissing = UNAUTHORIZED "key-missing";
    /// The key lacks a scope.
    ScopeMissing = FORBIDDEN "scope-missing";
    /// The key is limited to sessions.
    KeyLimited = FORBIDDEN "key-limited";
    /// The key is limited to other sessions than the one it wants to make.
    SessionNotInReach = FORBIDDEN "session-not-in-reach";
    /// The gateway starts or stops.
    NotReady = SERVICE_UNAVAILABLE "not-ready";
}
