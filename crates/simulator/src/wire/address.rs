//! Addresses of the network. `wacore_binary::Jid` is the type; users are `number@s.whatsapp.net` (PN) or `id@lid`,
//! devices carry `:device` (0, the phone, is never written), groups are `id@g.us`.

use wacore_binary::{Jid, Server};

/// The server itself: on the wire a JID pair with an empty user, never the token `s.whatsapp.net`.
pub(crate) fn server_jid() -> Jid {
    Jid::new("", Server::Pn)
}

/// Whether this is the server's own address.
pub(crate) fn is_server(jid: &Jid) -> bool {
    jid.user.is_empty() && jid.server == Server::Pn
}

/// The address of the person: without device, and with `@c.us` written `@s.whatsapp.net`.
pub(crate) fn bare(jid: &Jid) -> Jid {
    let _ = jid;
    todo!()
}

/// Whether this addresses a person or one of their devices, by number or LID.
pub(crate) fn is_user(jid: &Jid) -> bool {
    let _ = jid;
    todo!()
}

/// Reads an address from text; `None` for what is no address.
pub(crate) fn parse_jid(text: &str) -> Option<Jid> {
    let _ = text;
    todo!()
}
