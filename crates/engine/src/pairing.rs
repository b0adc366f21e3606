//! Pairing codes.

use crate::shared::Shared;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::EngineError;
use enlace_domain::port::whatsapp::IssuedCode;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wacore::pair_code::{PairCodeError, PairCodeOptions, PairCodeUtils};
use whatsapp_rust::Client;
use whatsapp_rust::pair_code::PairError;
use whatsapp_rust::request::IqError;

/// Asks for a code, once the network takes such requests, and returns after it accepted. Which browser the request
/// claims to come from follows from the companion's platform; its operating system is one that WhatsApp knows, because
/// unusual names are refused.
pub(crate) async fn request(
    client: &Arc<Client>,
    shared: &Shared,
    phone: &PhoneNumber,
    custom: Option<&SecretString>,
) -> Result<IssuedCode, EngineError> {
    ready(shared).await?;
    let options = PairCodeOptions {
        phone_number: phone.as_str().to_owned(),
        show_push_notification: true,
        custom_code: custom.map(|code| code.expose_secret().to_owned()),
        platform_id: None,
        display_os: None,
    };
    let asked = tokio::select! {
        asked = client.pair_with_code(options) => asked,
        () = shared.abandoned.cancelled() => return Err(EngineError::Ended),
        () = shared.ended.cancelled() => return Err(EngineError::Ended),
    };
    match asked {
        Ok(code) => {
            let valid_for = PairCodeUtils::code_validity().div_f64(shared.speed);
            Ok(IssuedCode { code: code.into(), valid_for })
        }
        Err(error) => Err(refused(error)),
    }
}

/// Withdraws the live code, if any.
pub(crate) async fn cancel(client: &Arc<Client>, shared: &Shared) {
    shared.code_live.store(false, Ordering::Release);
    client.cancel_pair_code().await;
}

/// Before the network has offered its first QR it takes no request for a code.
async fn ready(shared: &Shared) -> Result<(), EngineError> {
    tokio::select! {
        biased;
        () = shared.ended.cancelled() => Err(unreachable(shared)),
        () = shared.abandoned.cancelled() => Err(unreachable(shared)),
        () = shared.offered.cancelled() => Ok(()),
        () = tokio::time::sleep(shared.limits.code_ready) => Err(EngineError::Timeout),
    }
}

fn unreachable(shared: &Shared) -> EngineError {
    match shared.dial.failure() {
        Some(reason) => EngineError::Unreachable { reason: reason.to_owned() },
        None => EngineError::Ended,
    }
}

fn refused(error: PairError) -> EngineError {
    let retry_after = error.backoff().map(|backoff| backoff.as_secs());
    if let Some(rejection) = error.rejection() {
        // 400 is what the network also says when a number asks too often.
        let reason = match (rejection.code(), rejection.text()) {
            (404, _) => "unknown-number".to_owned(),
            (_, Some(text)) => text.to_owned(),
            (code, None) => code.to_string(),
        };
        return EngineError::CodeRefused { reason, retry_after };
    }
    match error {
        PairError::PairCode(PairCodeError::CodeAlreadyOutstanding { remaining }) => {
            EngineError::CodeRefused {
                reason: "code-lives".to_owned(),
                retry_after: Some(remaining.as_secs()),
            }
        }
        PairError::PairCode(PairCodeError::Cancelled) => {
            EngineError::CodeRefused { reason: "withdrawn".to_owned(), retry_after: None }
        }
        PairError::RequestFailed(IqError::ServerError { code, .. }) => {
            EngineError::CodeRefused { reason: code.to_string(), retry_after }
        }
        PairError::RequestFailed(IqError::Timeout) => EngineError::Timeout,
        PairError::RequestFailed(
            IqError::NotConnected
            | IqError::Disconnected(_)
            | IqError::InternalChannelClosed
            | IqError::Socket(_),
        ) => EngineError::Ended,
        other => EngineError::Library(Box::new(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: u16, text: &str, backoff: Option<u32>) -> EngineError {
        refused(PairError::RequestFailed(IqError::ServerError {
            code,
            text: text.to_owned(),
            error_type: None,
            backoff,
        }))
    }

    #[test]
    fn refusals_keep_the_networks_word_and_its_delay() {
        let EngineError::CodeRefused { reason, retry_after } = server(429, "rate-overlimit", Some(90)) else {
            panic!("not refused");
        };
        assert_eq!((reason.as_str(), retry_after), ("rate-overlimit", Some(90)));
        let EngineError::CodeRefused { reason, retry_after } = server(404, "item-not-found", None) else {
            panic!("not refused");
        };
        assert_eq!((reason.as_str(), retry_after), ("unknown-number", None));
    }

    #[test]
    fn a_lost_connection_is_no_refusal() {
        assert!(matches!(refused(PairError::RequestFailed(IqError::NotConnected)), EngineError::Ended));
        assert!(matches!(refused(PairError::RequestFailed(IqError::Timeout)), EngineError::Timeout));
    }
}
