//! `GET …/passkey`: the passkey that WhatsApp asks of a link.

use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;

/// A passkey that WhatsApp asks for before it links.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// WebAuthn request options as the network gave them (`PublicKeyCredentialRequestOptions` as JSON).
    pub options: Value,
    /// Once the passkey was used: what is shown here and on the phone.
    pub code: Option<SecretString>,
}

impl Gateway {
    /// What is asked now, and the code to compare once it was answered.
    pub fn passkey(&self, id: &SessionId) -> Result<Arc<Passkey>, GatewayError> {
        self.session(id)?.passkey.ok_or(GatewayError::NoPasskeyAsked)
    }
}
