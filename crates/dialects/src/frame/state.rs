//! What dialects are made of, and the form in which handlers see it.

use enlace_domain::alias::Dialect;
use enlace_domain::clock::Clock;
use enlace_domain::link::Qr;
use enlace_sessions::Gateway;
use enlace_web::TrustedProxies;
use secrecy::SecretString;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What [`crate::router`] needs.
#[derive(Clone)]
pub struct DialectState {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// The clock that the gateway was given.
    pub clock: Arc<dyn Clock>,
    /// Where others reach the API, if that was set; without a trailing slash.
    pub public_url: Option<String>,
    /// Whose word is taken for where a request came from.
    pub trusted_proxies: TrustedProxies,
    /// Z-API's second secret, asked for of everybody once it is set.
    pub client_token: Option<SecretString>,
    /// Whether what baileys-api refuses is refused, also where that helps nobody.
    pub strict: bool,
    /// When cancelled, streams end, so that a shutdown need not wait for their readers.
    pub shutdown: CancellationToken,
}

/// The state behind the routes. A handler can hold it, but only a guest (`frame::guest`, or a vendor's own door) opens it to
/// the use cases.
#[derive(Clone)]
pub(crate) struct Shared(Arc<DialectState>);

impl Shared {
    pub(crate) fn new(state: DialectState) -> Self {
        Self(Arc::new(state))
    }

    /// The QR that lives now of the session that is called so, for a surface whose own signature stands in place of a key.
    pub(crate) fn live_qr(&self, dialect: Dialect, name: &str) -> Option<Arc<Qr>> {
        let id = self.0.gateway.session_called(dialect, name)?;
        self.0.gateway.session(&id).ok()?.live_qr(self.0.clock.now())
    }

    /// For guests only, and for a vendor's own door.
    pub(crate) fn open(&self) -> &Arc<DialectState> {
        &self.0
    }
}
