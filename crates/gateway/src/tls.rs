//! Whom the HTTP clients of this program trust (the engine has its own, and trusts WhatsApp alone where it matters): the
//! web's usual authorities, which are built in so that a machine without any can be used, and those of the machine.

use rustls::{ClientConfig, RootCertStore};
use std::sync::OnceLock;

/// The configuration of every such client.
pub(crate) fn client_config() -> ClientConfig {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    CONFIG.get_or_init(build).clone()
}

fn build() -> ClientConfig {
    crate::install_crypto_provider();
    let mut roots = built_in();
    // A machine without any, or with a broken one among them, is no reason not to start.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// The web's usual authorities.
pub(crate) fn built_in() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() }
}
