//! What of the library's log may be kept.
//!
//! The library writes its own lines through the `log` crate, and spans through `tracing`. It writes numbers, pairing
//! codes, names and whole stanzas into both, at `info` and `warn` freely and in places at `error`. So all of it is off,
//! but for the `error` lines of modules whose every such line was read and holds none of that.
//!
//! One of these tells of every failed dial and says that it will be tried again. Its retries are off; what comes of a
//! dial is told by the session's state. So that line is for those who look closely.

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Modules whose `error` lines hold no secret.
const READ: [&str; 7] = [
    "whatsapp_rust::store::persistence_manager",
    "whatsapp_rust::client::lifecycle",
    "whatsapp_rust::client::adapters",
    "whatsapp_rust::signal_flush",
    "whatsapp_rust::message::commit_batch",
    "whatsapp_rust_tokio_transport",
    "whatsapp_rust_ureq_http_client",
];

/// How the line about a failed dial begins, and where it stands.
const FAILED_DIAL: (&str, &str) = ("whatsapp_rust::client::lifecycle", "Failed to connect: ");

/// Directives for an `EnvFilter`, about the library's spans. Add them after the user's own directives, so that they win
/// over `debug` for everything.
pub fn log_filter_directives() -> &'static [&'static str] {
    &[
        "whatsapp_rust=off",
        "whatsapp_rust_tokio_transport=off",
        "whatsapp_rust_ureq_http_client=off",
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

/// Sends the library's lines that may be seen to `tracing`, as errors of this crate (a failed dial: at `debug`). For the
/// whole process, once; a logger that someone installed before stays.
pub fn forward_library_log() {
    if log::set_logger(&Forward).is_ok() {
        log::set_max_level(LevelFilter::Error);
    }
}

fn is_failed_dial(target: &str, text: &str) -> bool {
    let (module, beginning) = FAILED_DIAL;
    target == module && text.starts_with(beginning)
}

struct Forward;

impl Log for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_within = |module: &str| {
            target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        metadata.level() == Level::Error && READ.iter().any(|module| is_within(module))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        if is_failed_dial(record.target(), &text) {
            tracing::debug!(library = record.target(), "{text}");
        } else {
            tracing::error!(library = record.target(), "{text}");
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_modules_that_were_read_pass() {
        let passes =
            |target, level| Forward.enabled(&Metadata::builder().target(target).level(level).build());
        assert!(passes("whatsapp_rust::client::lifecycle", Level::Error));
        assert!(passes("whatsapp_rust_tokio_transport", Level::Error));
        assert!(passes("whatsapp_rust_tokio_transport::tls", Level::Error));
        assert!(!passes("whatsapp_rust::client::lifecycle", Level::Warn));
        assert!(!passes("whatsapp_rust::client::lifecycles", Level::Error));
        assert!(!passes("whatsapp_rust::pair_code", Level::Error));
        assert!(!passes("Client/PairCode", Level::Error));
    }
}
