//! What of the library's log may be kept.
//!
//! The library writes through the `log` crate. A `tracing` subscriber sees none of it unless `tracing-log` bridges the
//! two, and without that bridge every line of the library, the ones allowed below too, goes nowhere. The list makes sure
//! that a bridge, once installed, brings no secrets with it.

/// Directives for an `EnvFilter`; without a bridge from `log` to `tracing` they have nothing to filter.
///
/// The library writes numbers, pairing codes, names and whole stanzas into its log, at `info` and `warn` freely and in
/// places at `error`; so all of it is off, but for the modules whose `error` lines were read and hold none of that. Add
/// them after the user's own directives, so that they win over `debug` for everything.
pub fn log_filter_directives() -> &'static [&'static str] {
    &[
        "whatsapp_rust=off",
        "whatsapp_rust::store::persistence_manager=error",
        "whatsapp_rust::client::lifecycle=error",
        "whatsapp_rust::client::adapters=error",
        "whatsapp_rust::signal_flush=error",
        "whatsapp_rust::message::commit_batch=error",
        "whatsapp_rust_tokio_transport=error",
        "whatsapp_rust_ureq_http_client=error",
        "wacore=off",
        "wacore_appstate=off",
        "wacore_binary=off",
        "wacore_libsignal=off",
        "wacore_noise=off",
        // Targets that the library names by hand.
        "AppState=off",
        "Blocking=off",
        "Bot=off",
        "Chatstate=off",
        "ChatstateHandler=off",
        "Client=off",
        "MessageQueue=off",
        "Mex=off",
        "PresenceHandler=off",
        "TcToken=off",
        "UnifiedSession=off",
        "blocklist=off",
        "usync=off",
    ]
}
