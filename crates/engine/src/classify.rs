//! What the network says at the end of a connection, in our words.
//!
//! Read from the stanzas themselves: the library tells of some ends (515, 429, 503) only in its log.

use chrono::{Duration, Utc};
use enlace_domain::clock::Timestamp;
use enlace_domain::port::EndReason;
use wacore::net::DisconnectReason;
use wacore::stanza::connect_failure::ConnectFailureStanza;
use wacore::types::events::ConnectFailureReason as Code;
use wacore_binary::NodeRef;

/// A retryable loss.
pub(crate) fn lost(reason: &str) -> EndReason {
    EndReason::Lost { reason: reason.to_owned() }
}

fn logged_out(reason: &str) -> EndReason {
    EndReason::LoggedOut { reason: reason.to_owned() }
}

fn restricted(reason: &str, until: Option<Timestamp>) -> EndReason {
    EndReason::Restricted { reason: reason.to_owned(), until }
}

/// `<stream:error>`. `None` for a complaint about one stanza, which the connection survives.
pub(crate) fn stream_error(node: &NodeRef<'_>) -> Option<EndReason> {
    if let Some(conflict) = node.get_optional_child("conflict") {
        let kind = conflict.get_attr("type").map(|kind| kind.as_str().into_owned());
        return Some(match kind.as_deref() {
            Some("replaced") => EndReason::Replaced,
            _ => logged_out("device-removed"),
        });
    }
    let code = node.get_attr("code").map(|code| code.as_str().into_owned());
    match code.as_deref() {
        Some("515") => Some(EndReason::RestartRequired),
        Some("401") => Some(logged_out("unauthorized")),
        Some("516") => Some(logged_out("device-removed")),
        Some("409") => Some(EndReason::Replaced),
        Some("429" | "500" | "503") => Some(lost("server-busy")),
        _ if node.get_optional_child("xml-not-well-formed").is_some() => Some(lost("xml-not-well-formed")),
        _ => None,
    }
}

/// `<failure>`: the login was refused.
pub(crate) fn failure(node: &NodeRef<'_>) -> EndReason {
    let failure = ConnectFailureStanza::parse(node);
    match failure.reason {
        Some(Code::LoggedOut) => logged_out("login-refused"),
        // The account is kept from WhatsApp, the device is not unlinked: its keys may work again one day.
        Some(Code::AccountLocked) => restricted("account-locked", None),
        Some(Code::UnknownLogout) => restricted("account-banned", None),
        Some(Code::TempBanned) => restricted(ban(failure.code), failure.expire.and_then(from_now)),
        Some(Code::ClientOutdated | Code::BadUserAgent) => EndReason::VersionRefused,
        Some(Code::InternalServerError | Code::ServiceUnavailable | Code::Unknown(429)) => {
            lost("server-busy")
        }
        Some(_) | None => lost("login-failed"),
    }
}

/// Why WhatsApp banned for a time.
fn ban(code: Option<i32>) -> &'static str {
    match code {
        Some(101) => "sent-to-too-many-people",
        Some(102) => "blocked-by-users",
        Some(103) => "created-too-many-groups",
        Some(104) => "sent-too-many-same-messages",
        Some(106) => "broadcast-list",
        _ => "temporary-ban",
    }
}

fn from_now(seconds: u64) -> Option<Timestamp> {
    let expire = Duration::try_seconds(i64::try_from(seconds).ok()?)?;
    Utc::now().checked_add_signed(expire)
}

/// The socket ended without a word of the protocol.
pub(crate) fn disconnected(reason: &DisconnectReason) -> EndReason {
    lost(match reason {
        DisconnectReason::StreamEnded | DisconnectReason::Unknown => "stream-ended",
        DisconnectReason::ServerClose { .. } => "server-closed",
        DisconnectReason::ReadError(_) => "read-error",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_binary::Node;
    use wacore_binary::builder::NodeBuilder;

    fn stream(code: Option<&'static str>, child: Option<Node>) -> Option<EndReason> {
        let mut node = NodeBuilder::new("stream:error");
        if let Some(code) = code {
            node = node.attr("code", code);
        }
        stream_error(&node.children(child).build().as_node_ref())
    }

    fn conflict(kind: &'static str) -> Node {
        NodeBuilder::new("conflict").attr("type", kind).build()
    }

    fn refused(attrs: &[(&'static str, &'static str)]) -> EndReason {
        let node =
            attrs.iter().fold(NodeBuilder::new("failure"), |node, (key, value)| node.attr(key, *value));
        failure(&node.build().as_node_ref())
    }

    #[test]
    fn stream_errors_are_told_apart() {
        assert_eq!(stream(Some("515"), None), Some(EndReason::RestartRequired));
        assert_eq!(stream(Some("401"), Some(conflict("device_removed"))), Some(logged_out("device-removed")));
        assert_eq!(stream(Some("516"), None), Some(logged_out("device-removed")));
        assert_eq!(stream(Some("401"), None), Some(logged_out("unauthorized")));
        assert_eq!(stream(None, Some(conflict("replaced"))), Some(EndReason::Replaced));
        assert_eq!(stream(Some("409"), None), Some(EndReason::Replaced));
        assert_eq!(stream(Some("429"), None), Some(lost("server-busy")));
        assert_eq!(stream(Some("503"), None), Some(lost("server-busy")));
        assert_eq!(stream(None, Some(NodeBuilder::new("ack").build())), None);
    }

    #[test]
    fn login_failures_are_told_apart() {
        assert_eq!(refused(&[("reason", "401")]), logged_out("login-refused"));
        assert_eq!(refused(&[("reason", "403")]), restricted("account-locked", None));
        assert_eq!(refused(&[("reason", "406")]), restricted("account-banned", None));
        assert_eq!(refused(&[("reason", "405")]), EndReason::VersionRefused);
        assert_eq!(refused(&[("reason", "503")]), lost("server-busy"));
        assert_eq!(refused(&[("reason", "429")]), lost("server-busy"));
        assert_eq!(refused(&[("reason", "400")]), lost("login-failed"));
        assert_eq!(refused(&[]), lost("login-failed"));
    }

    #[test]
    fn a_temporary_ban_says_until_when() {
        let before = Utc::now();
        let EndReason::Restricted { reason, until } =
            refused(&[("reason", "402"), ("code", "102"), ("expire", "3600")])
        else {
            panic!("not a restriction");
        };
        assert_eq!(reason, "blocked-by-users");
        let until = until.unwrap();
        assert!(until >= before + Duration::seconds(3600) && until <= Utc::now() + Duration::seconds(3600));
    }

    #[test]
    fn a_ban_without_an_end_or_with_an_absurd_one_is_still_a_ban() {
        for expire in [&[("reason", "402")][..], &[("reason", "402"), ("expire", "18446744073709551615")][..]]
        {
            assert_eq!(refused(expire), restricted("temporary-ban", None));
        }
    }
}
