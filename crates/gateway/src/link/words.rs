//! What each state of the session means to someone who waits for a link.

use serde_json::Value;

/// What a state means here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The QR or code on the screen says it all.
    Nothing,
    /// Something to say, and more will come.
    News(String),
    /// Linked and logged in.
    Done,
    /// Nothing more will come of it.
    Ended(String),
}

/// Reads the member `state` of a session.
pub(super) fn meaning(state: &Value) -> Meaning {
    let text = |member: &str| state[member].as_str().unwrap_or_default();
    let because = |words: &str| match text("reason") {
        "" => words.to_owned(),
        reason => format!("{words} ({reason})"),
    };
    match text("name") {
        "online" => Meaning::Done,
        "pairing" => Meaning::News(step(text("step")).to_owned()),
        "awaiting_passkey" => Meaning::News(
            "WhatsApp asks this account for a passkey, which a terminal can't show: answer it over the API, or wait"
                .to_owned(),
        ),
        "reconnecting" => Meaning::News(because("the connection was lost and is being made again")),
        "stalled" => Meaning::News("the connection is silent and is being made again".to_owned()),
        "link_expired" => Meaning::Ended(because(expired(text("reason")))),
        "unlinked" => Meaning::Ended(because("the link was given up; run `enlace link` again")),
        "logged_out" => Meaning::Ended(because("the phone was unlinked again; run `enlace link` once more")),
        "replaced" => Meaning::Ended(
            "another client took over this link; stop that one, then run `enlace link` again".to_owned(),
        ),
        "restricted" => Meaning::Ended(restricted(&because("WhatsApp restricts this account"), text("until"))),
        "stopped" => Meaning::Ended(because("the session was stopped meanwhile; run `enlace link` again")),
        _ => Meaning::Nothing,
    }
}

fn step(step: &str) -> &'static str {
    match step {
        "restarting" => {
            "The phone accepted; WhatsApp asks for a new connection, as it always does now \u{2026}"
        }
        "connecting" => "Logging in \u{2026}",
        "syncing" => "Logged in; the first synchronisation runs \u{2026}",
        _ => "The phone accepted \u{2026}",
    }
}

fn expired(reason: &str) -> &'static str {
    match reason {
        "round-over" | "nobody-watching" | "code-expired" => {
            "nobody linked in time; run `enlace link` again when the phone is at hand"
        }
        "pairing-incomplete" => {
            "the phone accepted and the link broke before it was complete; run `enlace link` again"
        }
        "version-refused" => {
            "WhatsApp refuses the version this gateway speaks; update Enlace, or set another version in the settings"
        }
        "gateway-restarted" => "the gateway was restarted meanwhile; run `enlace link` again",
        _ => "the link ended before a phone accepted it; run `enlace link` again",
    }
}

fn restricted(words: &str, until: &str) -> String {
    if until.is_empty() {
        words.to_owned()
    } else {
        format!("{words}, until {until}; run `enlace link` after that")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::session::StateName;
    use serde_json::json;

    #[test]
    fn every_state_is_on_the_way_or_is_an_end_in_words() {
        let on_the_way = ["connecting", "awaiting_scan", "awaiting_code"];
        for name in StateName::ALL.map(StateName::as_str) {
            match meaning(&json!({ "name": name })) {
                Meaning::Nothing => assert!(on_the_way.contains(&name), "{name}"),
                Meaning::Done => assert_eq!(name, "online"),
                Meaning::News(words) | Meaning::Ended(words) => assert!(words.len() > 10, "{name}: {words}"),
            }
        }
    }

    #[test]
    fn reasons_and_times_are_told() {
        let ended = meaning(&json!({ "name": "link_expired", "reason": "round-over" }));
        let Meaning::Ended(words) = ended else { panic!("{ended:?}") };
        assert!(words.contains("nobody linked in time") && words.contains("round-over"), "{words}");
        let ended = meaning(
            &json!({ "name": "restricted", "reason": "temporary-ban", "until": "2026-01-02T03:04:05.678Z" }),
        );
        let Meaning::Ended(words) = ended else { panic!("{ended:?}") };
        assert!(words.contains("temporary-ban") && words.contains("until 2026-01-02"), "{words}");
    }
}
