//! Addresses of the network. `wacore_binary::Jid` is the type; users are `number@s.whatsapp.net` (PN) or `id@lid`,
//! devices carry `:device` (0, the phone, is never written), groups are `id@g.us`.

use std::str::FromStr;

use wacore_binary::{Jid, Server};

/// The server itself: on the wire a JID pair with an empty user, never the token `s.whatsapp.net`.
pub(crate) fn server_jid() -> Jid {
    Jid::new("", Server::Pn)
}

/// The address of the person: without device, and with `@c.us` written `@s.whatsapp.net`.
pub(crate) fn bare(jid: &Jid) -> Jid {
    let server = match jid.server {
        Server::Legacy | Server::Hosted => Server::Pn,
        Server::HostedLid => Server::Lid,
        other => other,
    };
    Jid::new(jid.user.clone(), server)
}

/// Reads an address from text; `None` for what is no address.
pub(crate) fn parse_jid(text: &str) -> Option<Jid> {
    if text != Server::Pn.as_str() && !text.contains('@') {
        return None;
    }
    Jid::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_address_has_no_device_and_one_spelling() {
        assert_eq!(bare(&Jid::lid_device("77", 4)), Jid::lid("77"));
        assert_eq!(bare(&parse_jid("999000000001@c.us").unwrap()), Jid::pn("999000000001"));
        assert_eq!(bare(&Jid::group("120363")), Jid::group("120363"));
    }

    #[test]
    fn the_server_is_read_in_any_spelling_and_no_address_is_none() {
        assert_eq!(parse_jid("s.whatsapp.net"), Some(server_jid()));
        assert_eq!(parse_jid("@s.whatsapp.net"), Some(server_jid()));
        assert_eq!(parse_jid("999000000001@s.whatsapp.net"), Some(Jid::pn("999000000001")));
        assert_eq!(parse_jid("hello"), None);
        assert_eq!(parse_jid(""), None);
        assert_eq!(parse_jid("a@nowhere"), None);
    }
}
