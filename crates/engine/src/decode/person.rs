//! Addresses: without devices, and with both of a person's where known.

use enlace_domain::address::{Jid, Person, Server};
use wacore_binary::Jid as WireJid;
use wacore_binary::Server as WireServer;
use whatsapp_rust::Client;

/// The address without its device; `None` for servers that hold no people or chats.
pub(crate) fn jid(jid: &WireJid) -> Option<Jid> {
    let server = match jid.server {
        WireServer::Pn | WireServer::Hosted | WireServer::Legacy => Server::Phone,
        WireServer::Lid | WireServer::HostedLid => Server::Lid,
        WireServer::Group => Server::Group,
        WireServer::Newsletter => Server::Newsletter,
        WireServer::Broadcast => Server::Broadcast,
        _ => return None,
    };
    (!jid.user.is_empty()).then(|| Jid::from_parts(&jid.user, server))
}

/// For the wire.
pub(crate) fn wire(jid: &Jid) -> WireJid {
    let server = match jid.server() {
        Server::Phone => WireServer::Pn,
        Server::Lid => WireServer::Lid,
        Server::Group => WireServer::Group,
        Server::Newsletter => WireServer::Newsletter,
        Server::Broadcast => WireServer::Broadcast,
    };
    WireJid::new(jid.user(), server)
}

/// Both addresses of a person: as given by the stanza, else as learnt earlier.
pub(crate) async fn person(client: &Client, given: &WireJid, alternative: Option<&WireJid>) -> Person {
    let mut person = Person::from_jids([Some(given), alternative].into_iter().flatten().filter_map(jid));
    if person.pn.is_some() == person.lid.is_some() {
        return person;
    }
    // A failing store costs the other address here and the connection a moment later, when the message is kept.
    if let Ok(Some(known)) = client.get_lid_pn_entry(given).await {
        person.pn.get_or_insert_with(|| Jid::from_parts(&known.phone_number, Server::Phone));
        person.lid.get_or_insert_with(|| Jid::from_parts(&known.lid, Server::Lid));
    }
    person
}

/// Whether it is this account, by either address.
pub(crate) fn is_self(client: &Client, jid: &WireJid) -> bool {
    let same = |own: Option<WireJid>| own.is_some_and(|own| own.user == jid.user);
    if jid.is_lid() { same(client.lid()) } else { same(client.pn()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_cut_off_and_foreign_servers_refused() {
        let text = |wire: &str| jid(&wire.parse().unwrap()).map(|jid| jid.to_string());
        assert_eq!(text("999100000001:7@s.whatsapp.net").as_deref(), Some("999100000001@s.whatsapp.net"));
        assert_eq!(text("123456789:2@lid").as_deref(), Some("123456789@lid"));
        assert_eq!(text("999100000001@c.us").as_deref(), Some("999100000001@s.whatsapp.net"));
        assert_eq!(text("123-456@g.us").as_deref(), Some("123-456@g.us"));
        assert_eq!(text("1@bot"), None);
        assert_eq!(jid(&WireJid::default()), None);
    }

    #[test]
    fn addresses_survive_the_way_to_the_wire_and_back() {
        for text in ["999100000001@s.whatsapp.net", "123456789@lid", "123-456@g.us", "status@broadcast"] {
            let there = Jid::parse(text).unwrap();
            assert_eq!(jid(&wire(&there)), Some(there), "{text}");
        }
    }
}
