//! `POST …/link`: begins or joins a link by QR or by pairing code.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::address::PhoneNumber;
use enlace_domain::id::SessionId;
use enlace_domain::link::{LinkMethod, PairingCode, Qr};
use enlace_domain::session::Session;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// What is asked.
#[derive(Clone, Debug)]
pub struct LinkRequest {
    /// By QR or by code.
    pub method: LinkMethod,
    /// For a code; may be left out when the session was linked before.
    pub phone: Option<PhoneNumber>,
    /// Unlink a linked session first.
    pub force: bool,
    /// Refuse a phone that is not this number.
    pub expect_phone: Option<PhoneNumber>,
    /// The eight characters to use, checked with [`enlace_domain::link::parse_custom_code`].
    pub custom_code: Option<SecretString>,
    /// How long to wait for the first QR, or for the network to accept the code.
    pub wait: Duration,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct LinkAnswer {
    /// The session as it is now.
    pub session: Arc<Session>,
    /// For method `qr`, and beside a code when one is valid.
    pub qr: Option<Arc<Qr>>,
    /// For method `code`.
    pub code: Option<Arc<PairingCode>>,
}

/// What the actor is asked.
#[derive(Clone, Debug)]
pub(crate) enum LinkAsk {
    /// `GET …/qr`.
    Look,
    /// `POST …/link {method: "qr"}`.
    Qr { force: bool, expect_phone: Option<PhoneNumber> },
    /// `POST …/link {method: "code"}`.
    Code { force: bool, expect_phone: Option<PhoneNumber>, phone: PhoneNumber, custom: Option<SecretString> },
}

impl LinkAsk {
    /// The phone that it has to be, where the ask says so.
    pub(crate) fn expect_phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Look => None,
            Self::Qr { expect_phone, .. } | Self::Code { expect_phone, .. } => expect_phone.as_ref(),
        }
    }
}

/// What the actor answers when it has it.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The newest QR.
    Qr(Arc<Qr>),
    /// The code, after the network accepted it.
    Code(Arc<PairingCode>),
}

impl Gateway {
    /// Begins or joins a link and waits for its first QR or its accepted code.
    pub async fn link(&self, id: &SessionId, request: LinkRequest) -> Result<LinkAnswer, GatewayError> {
        let ask = match request.method {
            LinkMethod::Qr => LinkAsk::Qr { force: request.force, expect_phone: request.expect_phone },
            LinkMethod::Code => LinkAsk::Code {
                force: request.force,
                expect_phone: request.expect_phone,
                phone: self.phone_for_code(id, request.phone)?,
                custom: request.custom_code,
            },
        };
        let outcome = self.link_and_wait(id, ask, request.wait).await?;
        let snapshot = self.session(id)?;
        let now = self.parts.clock.now();
        let (qr, code) = match outcome {
            Outcome::Qr(qr) => (Some(qr), None),
            Outcome::Code(code) => (snapshot.live_qr(now), Some(code)),
        };
        Ok(LinkAnswer { session: snapshot.session, qr, code })
    }

    fn phone_for_code(
        &self,
        id: &SessionId,
        given: Option<PhoneNumber>,
    ) -> Result<PhoneNumber, GatewayError> {
        let remembered = || Ok::<_, GatewayError>(self.session(id)?.session.phone.clone());
        match given {
            Some(phone) => Ok(phone),
            None => remembered()?.ok_or(GatewayError::PhoneRequired),
        }
    }

    /// The wait is ours, not the actor's: the link goes on when the asker leaves.
    pub(crate) async fn link_and_wait(
        &self,
        id: &SessionId,
        ask: LinkAsk,
        wait: Duration,
    ) -> Result<Outcome, GatewayError> {
        let handle = self.registry.handle(id)?;
        let wants_code = matches!(ask, LinkAsk::Code { .. });
        let answer = handle.ask(|reply| Ask::Link { ask, reply });
        match tokio::time::timeout(wait.max(GRACE), answer).await {
            Ok(answer) => answer,
            Err(_) if wants_code => Err(GatewayError::NoCode),
            Err(_) => {
                // What we asked for ourselves is no reason for what the network does not do.
                let reason = handle.snapshot().session.state.reason.clone().filter(|reason| reason != ASKED);
                Err(GatewayError::NoQr { reason })
            }
        }
    }
}

/// The reason of a state that somebody asked for.
pub(crate) const ASKED: &str = "asked";

/// With `wait=0` an answer that is there already must still get through.
const GRACE: Duration = Duration::from_millis(50);
