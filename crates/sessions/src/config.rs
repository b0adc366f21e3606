//! What can be set for all sessions.

use enlace_domain::session::Network;
use std::time::Duration;

/// What can be set for all sessions.
#[derive(Clone, Debug)]
pub struct SessionsConfig {
    /// The network of a session created without one.
    pub default_network: Network,
    /// How many linked sessions may dial at the same time after a start.
    pub resume_parallel: usize,
    /// First delay before a lost connection is dialled again; doubles up to `reconnect_max`, ±20 % jitter.
    pub reconnect_first: Duration,
    /// Longest delay between two dials.
    pub reconnect_max: Duration,
    /// QR rounds per link request, for sessions that have no number of their own.
    pub link_max_rounds: u32,
    /// For how long after a look a QR goes on rotating, and a finished round refuses to begin again.
    pub watch_window: Duration,
    /// Without any stanza for this long, an online session is `stalled` and dialled anew.
    pub proof_window: Duration,
    /// A linked connection that is not online by then is dialled anew. The library's own first sync may take 180 s.
    pub login_within: Duration,
    /// A link's connection that has shown no QR by then is dialled anew.
    pub first_qr_within: Duration,
    /// An account whose passkey was not given by then is not linked.
    pub passkey_within: Duration,
    /// How long the network's obligatory restart after a pairing is waited for; without it the session logs in all the
    /// same.
    pub restart_within: Duration,
    /// For how long an `Idempotency-Key` is remembered.
    pub idempotency_window: Duration,
    /// Longest time to tell the network of an unlinking.
    pub unlink_within: Duration,
    /// First delay before the network is told of an unlinking that it could not be told of at once; doubles up to
    /// `unlink_retry_max`, ±20 % jitter.
    pub unlink_retry_first: Duration,
    /// Longest delay between two such tries.
    pub unlink_retry_max: Duration,
    /// For how long the network is tried to be told of an unlinking, and ten times at least since the start; then the keys
    /// kept for it go.
    pub unlink_given_up_after: Duration,
    /// How many messages of one session may wait in memory; more are answered 429.
    pub outbox_limit: usize,
    /// How often may be asked.
    pub limits: Limits,
}

/// How often may be asked, each a number a minute that may be used up at once; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests with one key.
    pub key_per_minute: u32,
    /// Requests about one session.
    pub session_per_minute: u32,
    /// Asks for a QR or a code of one session.
    pub link_per_minute: u32,
    /// Wrong keys from one address. Valid keys from there are taken all the same.
    pub refused_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            key_per_minute: 300_000,
            session_per_minute: 200_000,
            link_per_minute: 300,
            refused_per_minute: 60,
        }
    }
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            default_network: Network::Whatsapp,
            resume_parallel: 50,
            reconnect_first: Duration::from_secs(1),
            reconnect_max: Duration::from_mins(5),
            link_max_rounds: 1,
            watch_window: Duration::from_mins(1),
            proof_window: Duration::from_secs(75),
            login_within: Duration::from_mins(4),
            first_qr_within: Duration::from_secs(45),
            passkey_within: Duration::from_mins(5),
            restart_within: Duration::from_secs(30),
            idempotency_window: Duration::from_hours(24),
            unlink_within: Duration::from_secs(5),
            unlink_retry_first: Duration::from_secs(5),
            unlink_retry_max: Duration::from_hours(1),
            unlink_given_up_after: Duration::from_hours(30 * 24),
            outbox_limit: 1_000,
            limits: Limits::default(),
        }
    }
}
