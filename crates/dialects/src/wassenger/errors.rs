//! Errors as Wassenger answers them (contract section 1.1): one object for everything that is no success, which
//! repeats the status and says in `message` what is the matter.

use super::wire::error::{ErrorBody, FieldError, Meta};
use crate::frame::vendor::Refusal;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::{GatewayError, KeyError};

/// What the vendor calls an error that it has no name for.
const GENERIC: &str = "error:generic";

/// An answer that is an error.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    status: StatusCode,
    message: String,
    code: String,
    field: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Refused {
    /// With a status and a text.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: GENERIC.to_owned(), field: None, retry_after: None }
    }

    /// Of one member or parameter.
    pub(super) fn field(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: "error:invalid_field".to_owned(),
            field: Some(name),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// Something that the vendor has and we have not.
    pub(super) fn not_served(why: &str) -> Self {
        Self {
            code: "error:not_served".to_owned(),
            ..Self::new(StatusCode::NOT_IMPLEMENTED, format!("This is not served by Enlace: {why}"))
        }
    }

    /// A QR that could not be drawn.
    pub(super) fn no_picture() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The QR code could not be drawn")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let message = self.message.as_str();
        let error = |reason| FieldError { code: &self.code, reason, message };
        let body = ErrorBody {
            status: self.status.as_u16(),
            message,
            error_code: &self.code,
            errors: self.field.map(error).into_iter().collect(),
            meta: self.retry_after.map(|retry_after| Meta { retry_after }),
        };
        (self.status, Json(body)).into_response()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyMissing => Self::new(StatusCode::UNAUTHORIZED, "Missing API token"),
            Refusal::KeyRefused(error) => error.into(),
            Refusal::ScopeMissing(_) | Refusal::KeyLimited => {
                Self::new(StatusCode::FORBIDDEN, "This API token has no permission for this operation")
            }
            Refusal::SessionUnknown => Self::new(StatusCode::NOT_FOUND, "Device not found"),
            Refusal::Failed(error) => error.into(),
        }
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Failed(error) => error.into(),
            KeyError::Expired => Self::new(StatusCode::UNAUTHORIZED, "Expired API token"),
            _ => Self::new(StatusCode::UNAUTHORIZED, "Invalid API token"),
        }
    }
}

impl From<GatewayError> for Refused {
    fn from(error: GatewayError) -> Self {
        let kind = error.kind();
        if kind == ErrorKind::Internal {
            tracing::error!(code = error.code(), %error, "a request of Wassenger's failed by a fault of ours");
            return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
        }
        Self {
            code: format!("error:{}", error.code().replace('-', "_")),
            retry_after: error.retry_after(),
            ..Self::new(status(kind), text(&error))
        }
    }
}

/// A round that is over, a network that is slow and one that is away are one thing here: there is nothing yet, ask
/// again.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidInput | ErrorKind::Rejected => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Gone | ErrorKind::Timeout | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Our own sentences name our own routes, so those that do are said in the words of this API.
fn text(error: &GatewayError) -> String {
    let said = match error.code() {
        "session-not-found" => "Device not found",
        "message-not-found" => "Message not found",
        "already-linked" => {
            "This device is linked to a phone, and its session was not touched. Use force=true to destroy the session \
             and link again"
        }
        "pairing" => "A phone has just accepted and is being paired. Wait until the device is online",
        "link-expired" => {
            "The QR code is not ready: nobody scanned the last ones in time. Ask again after one minute, or use \
             force=true to begin at once"
        }
        "session-stopped" => {
            "This device is disabled. Enable it or start it, or use force=true to destroy its session and link again"
        }
        "session-replaced" => {
            "Another client took over this device's session. Stop that client and start the device, or use force=true \
             to link again"
        }
        "session-restricted" => "WhatsApp restricts this number",
        "link-required" => {
            "This device is not linked to a phone. Scan its QR code or request an auth code first"
        }
        "link-interrupted" => "The session was stopped, reset or deleted meanwhile. Ask again",
        "no-qr-from-network" => "The QR code is not ready. Ask again",
        "network-timeout" => "WhatsApp has not answered in time. Ask again",
        "version-refused" => "WhatsApp refuses the version of this gateway, which has to be updated",
        "network-unreachable" => "WhatsApp cannot be reached. Ask again later",
        "network-unavailable" => "This device's network is not available on this gateway",
        "phone-required" => {
            "`phone` is required, in E.164 format, because this device was never connected before"
        }
        "code-replaced" => "Another request replaced this auth code. Use the newest one",
        "outbox-full" => "Too many messages of this device wait to be sent. Send the next ones later",
        "rate-limited" => "Too many requests. Ask again later",
        "stopping" | "worker-restarted" => "The service is temporarily unavailable. Ask again",
        _ => return error.detail(),
    };
    said.to_owned()
}

/// A route or method that the vendor does not have.
pub(super) async fn unknown() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "Resource not found")
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::session::Refusal as StateRefusal;

    #[test]
    fn a_linked_device_is_a_conflict_that_names_force() {
        let refused = Refused::from(GatewayError::Refused(StateRefusal::AlreadyLinked));
        assert_eq!((refused.status, refused.code.as_str()), (StatusCode::CONFLICT, "error:already_linked"));
        assert!(refused.message.contains("force"));
    }

    #[test]
    fn no_answer_names_a_route_of_ours() {
        let named = |refusal: StateRefusal| text(&GatewayError::Refused(refusal));
        for refusal in [
            StateRefusal::AlreadyLinked,
            StateRefusal::Pairing,
            StateRefusal::LinkExpired,
            StateRefusal::Stopped,
            StateRefusal::Replaced,
            StateRefusal::Restricted,
            StateRefusal::LinkRequired,
        ] {
            assert!(!named(refusal).contains("POST"), "{refusal:?}");
        }
        assert!(!text(&GatewayError::PhoneRequired).contains("POST"));
        assert!(!text(&GatewayError::SessionNotFound("a".to_owned())).contains("GET"));
    }
}
