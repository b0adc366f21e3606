//! Which link meets which trouble: drawn by a seed, so that a run can be repeated. Owns the kinds and the orders that the
//! simulated network gets for them.

use serde_json::{Value, json};

/// How a number is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A phone scans.
    Qr,
    /// Somebody types.
    Code,
}

impl Method {
    /// Its name in the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Qr => "qr",
            Self::Code => "code",
        }
    }
}

/// When an order is given, and so whom it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the link is asked for: whoever dials next.
    Dial,
    /// Before the link is asked for: this link's phone, whenever it comes to that.
    Phone,
    /// While the QR or the code is shown: the connection that shows it.
    Shown,
    /// Right after the phone accepted: its new companion.
    Accepted,
}

/// A kind of trouble.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// In words, for the report.
    pub(crate) what: &'static str,
    pub(crate) moment: Moment,
    /// The order, as the control API takes it; the phone or the connection is added.
    order: fn() -> Value,
    /// Of a hundred links by QR, and of a hundred by code.
    shares: [u64; 2],
}

impl Trouble {
    /// What the network is told.
    pub(crate) fn order(&self) -> Value {
        (self.order)()
    }

    fn share(&self, method: Method) -> u64 {
        self.shares[usize::from(method == Method::Code)]
    }
}

const fn trouble(what: &'static str, moment: Moment, order: fn() -> Value, shares: [u64; 2]) -> Trouble {
    Trouble { what, moment, order, shares }
}

/// Every kind. What is left of the hundred meets none.
pub(crate) static TROUBLES: [Trouble; 27] = [
    trouble("dial refused with 401", Moment::Dial, || json!({ "kind": "failure", "code": 401 }), [2, 2]),
    trouble("dial refused with 429", Moment::Dial, || json!({ "kind": "failure", "code": 429 }), [3, 2]),
    trouble("dial refused with 503", Moment::Dial, || json!({ "kind": "failure", "code": 503 }), [3, 2]),
    trouble(
        "three dials refused with 503",
        Moment::Dial,
        || json!({ "kind": "failure", "code": 503, "count": 3 }),
        [1, 1],
    ),
    trouble("version refused at the dial", Moment::Dial, || json!({ "kind": "refuse-version" }), [3, 2]),
    trouble("QR held for 3 s", Moment::Dial, || json!({ "kind": "hold-qr", "seconds": 3 }), [3, 2]),
    trouble("QR never sent", Moment::Dial, || json!({ "kind": "hold-qr" }), [1, 1]),
    trouble("cut while shown", Moment::Shown, || json!({ "kind": "cut" }), [6, 6]),
    trouble("silent while shown", Moment::Shown, || json!({ "kind": "silence" }), [2, 2]),
    trouble(
        "stream error 503 while shown",
        Moment::Shown,
        || json!({ "kind": "stream-error", "code": 503 }),
        [4, 4],
    ),
    trouble(
        "stream error 515 while shown",
        Moment::Shown,
        || json!({ "kind": "stream-error", "code": 515 }),
        [1, 1],
    ),
    trouble(
        "registration refreshed while shown",
        Moment::Shown,
        || json!({ "kind": "refresh-registration" }),
        [5, 3],
    ),
    trouble(
        "code refused with 429",
        Moment::Phone,
        || json!({ "kind": "refuse-code", "code": 429, "seconds": 1 }),
        [0, 5],
    ),
    trouble("code refused with 404", Moment::Phone, || json!({ "kind": "refuse-code", "code": 404 }), [0, 3]),
    trouble("every code refused", Moment::Phone, || json!({ "kind": "refuse-code", "count": 99 }), [0, 3]),
    trouble(
        "phone dies once it scanned or typed",
        Moment::Phone,
        || json!({ "kind": "abandon-link" }),
        [6, 5],
    ),
    trouble(
        "phone dies once it accepted",
        Moment::Phone,
        || json!({ "kind": "abandon-link", "step": "accepted" }),
        [6, 5],
    ),
    trouble(
        "phone dies every time it accepted",
        Moment::Phone,
        || json!({ "kind": "abandon-link", "step": "accepted", "count": 99 }),
        [2, 2],
    ),
    trouble(
        "restart held for 2 s",
        Moment::Phone,
        || json!({ "kind": "hold-restart", "seconds": 2 }),
        [4, 3],
    ),
    trouble(
        "first login refused with 401",
        Moment::Phone,
        || json!({ "kind": "failure", "code": 401 }),
        [4, 3],
    ),
    trouble(
        "first login refused with 429",
        Moment::Phone,
        || json!({ "kind": "failure", "code": 429 }),
        [3, 3],
    ),
    trouble(
        "first logins refused with 503",
        Moment::Phone,
        || json!({ "kind": "failure", "code": 503, "count": 2 }),
        [4, 3],
    ),
    trouble(
        "banned at the first login",
        Moment::Phone,
        || json!({ "kind": "failure", "code": 402, "seconds": 36_000 }),
        [2, 2],
    ),
    trouble("account locked (403)", Moment::Phone, || json!({ "kind": "failure", "code": 403 }), [2, 2]),
    trouble(
        "version refused at the first login",
        Moment::Phone,
        || json!({ "kind": "failure", "code": 405 }),
        [2, 2],
    ),
    trouble("cut once accepted", Moment::Accepted, || json!({ "kind": "cut" }), [4, 4]),
    trouble(
        "stream error 503 once accepted",
        Moment::Accepted,
        || json!({ "kind": "stream-error", "code": 503 }),
        [2, 2],
    ),
];

/// What befalls a link; the same for the same seed, method and number.
pub(crate) fn draw(seed: u64, method: Method, number: usize) -> Option<&'static Trouble> {
    let link = u64::try_from(number).unwrap_or_default() * 2 + u64::from(method == Method::Code);
    let mut at = mix(seed ^ mix(link)) % 100;
    TROUBLES.iter().find(|trouble| {
        let share = trouble.share(method);
        let hit = at < share;
        at = at.saturating_sub(share);
        hit
    })
}

/// The finisher of SplitMix64: every bit of the result depends on every bit given.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_leave_room_for_links_without_trouble() {
        for method in [Method::Qr, Method::Code] {
            let shares: u64 = TROUBLES.iter().map(|trouble| trouble.share(method)).sum();
            assert!((50..90).contains(&shares), "{method:?}: {shares}");
        }
    }

    #[test]
    fn a_seed_draws_the_same_again_and_a_thousand_meet_every_kind() {
        let names = |seed, method| {
            (0..1_000)
                .map(|number| draw(seed, method, number).map(|trouble| trouble.what))
                .collect::<Vec<_>>()
        };
        for method in [Method::Qr, Method::Code] {
            let drawn = names(3, method);
            assert_eq!(drawn, names(3, method));
            assert_ne!(drawn, names(4, method));
            for trouble in TROUBLES.iter().filter(|trouble| trouble.share(method) > 0) {
                assert!(drawn.contains(&Some(trouble.what)), "{method:?} never meets {}", trouble.what);
            }
        }
    }
}
