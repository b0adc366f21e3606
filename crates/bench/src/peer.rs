//! What a peer did: the JavaScript library Baileys, releases 6.7 and 7.0, bare, without an HTTP API and without durable
//! storage, measured once on a machine of this size with empty accounts. These are not measured in this run.

/// Memory of an idle linked session.
pub(crate) const EACH: &str = "0.35 / 0.9–1.8 MB, at 200";
/// The process with a hundred sessions.
pub(crate) const AT_100: &str = "142–148 / 178–268 MB; a gateway on it 182 MB";
/// From the request to the first QR.
pub(crate) const FIRST_QR: &str = "p50 8–9 / 17–19 ms; a gateway on it 42 ms";
/// From the scan to online.
pub(crate) const SCAN: &str = "59–68 / 196–605 ms";
/// Linked sessions resumed.
pub(crate) const RESUMED: &str = "100 in 0.7 / 2.3–3.4 s";
/// From the start to ready.
pub(crate) const READY: &str = "0.7 s";
/// Fifty linked sessions on one core.
pub(crate) const ON_ONE_CORE: &str = "130–162 MB";
