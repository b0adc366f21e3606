//! Sessions: created, saved, deleted, listed.

use super::{StoreFactory, Subject, event, later, noon, queue, queued, session, session_id};
use enlace_domain::address::PhoneNumber;
use enlace_domain::alias::{Alias, Aliases, Dialect};
use enlace_domain::event::EventFilter;
use enlace_domain::page::PageRequest;
use enlace_domain::port::{Change, Entry, MessageFilter, SessionFilter, StoreError};
use enlace_domain::proxy::Proxy;
use enlace_domain::session::{Desired, Network, Session, SessionState, Settings, StateName};

fn full(id: &str) -> Session {
    Session {
        name: Some("Ana's \"shop\"\u{1f600}".into()),
        network: Network::Whatsapp,
        desired: Desired::Stopped,
        state: SessionState::reconnecting(3, later(9), "stream-ended", later(2)),
        linked: true,
        phone: Some(PhoneNumber::parse("999100000001").expect("a number")),
        lid: Some(super::jid("100000000000001@lid")),
        push_name: Some("Ana".into()),
        expect_phone: Some(PhoneNumber::parse("999100000002").expect("a number")),
        metadata: serde_json::from_str(r#"{"team":"north","n":7,"deep":{"a":[1,null]}}"#).expect("JSON"),
        settings: Settings { link_max_rounds: Some(5), mark_online: true },
        proxy: Some(Proxy::parse("socks5://ana:s%40cret@proxy.example:1080").expect("a proxy")),
        qr_count: 12,
        round_count: 3,
        code_count: 2,
        ..session(&session_id(id))
    }
}

fn create(session: &Session) -> Change {
    Change::CreateSession(Box::new(session.clone()))
}

async fn listed<F: StoreFactory>(subject: &Subject<F>, filter: &SessionFilter) -> Vec<String> {
    let page = subject.store.sessions(filter, &PageRequest::default()).await.expect("a page");
    page.items.iter().map(|session| session.id.to_string()).collect()
}

/// Nothing is there at first.
pub async fn a_new_store_is_empty(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    assert_eq!(subject.store.all_sessions().await.expect("read"), []);
    assert_eq!(subject.store.session(&session_id("ana")).await.expect("read"), None);
    assert_eq!(subject.store.queued_messages(&session_id("ana")).await.expect("read"), []);
    let page =
        subject.store.messages(&session_id("ana"), &MessageFilter::default(), &PageRequest::default()).await;
    assert_eq!(page.expect("read").items, []);
}

/// Every field comes back.
pub async fn a_session_comes_back_as_it_was_stored(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for stored in [full("ana"), session(&session_id("bruno"))] {
        subject.must(create(&stored)).await;
        assert_eq!(subject.store.session(&stored.id).await.expect("read"), Some(stored));
    }
    assert_eq!(subject.store.all_sessions().await.expect("read").len(), 2);
}

/// `SessionExists` when the id is taken by a live one.
pub async fn a_taken_id_is_refused(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let again = subject.apply(create(&full("ana"))).await;
    assert!(matches!(again, Err(StoreError::SessionExists(id)) if id == ana));
    assert_eq!(subject.store.session(&ana).await.expect("read"), Some(session(&ana)), "the first one stays");
}

fn alias(dialect: Dialect, name: &str) -> (Dialect, Alias) {
    let token = dialect.has_token().then_some("0123456789abcdef");
    (dialect, Alias::parse(dialect, name, token).expect("an alias"))
}

fn called(id: &str, aliases: impl IntoIterator<Item = (Dialect, Alias)>) -> Session {
    Session { aliases: aliases.into_iter().collect(), ..session(&session_id(id)) }
}

fn name(id: &str, (dialect, alias): (Dialect, Alias)) -> Change {
    Change::NameSession { session: session_id(id), dialect, alias }
}

/// Aliases come back with their tokens, in every list, after a restart, and whatever is saved.
pub async fn aliases_come_back_and_saving_keeps_them(factory: impl StoreFactory) {
    let mut subject = Subject::new(factory).await;
    let names = [
        (Dialect::ZApi, "3C01"),
        (Dialect::Wassenger, "0123456789abcdef01234567"),
        (Dialect::PressTicket, "7"),
        (Dialect::BaileysApi, "999100000001"),
    ];
    let ana = called("ana", names.map(|(dialect, name)| alias(dialect, name)));
    subject.must(create(&ana)).await;
    subject.create(&session_id("bruno")).await;
    let saved = Session { aliases: Aliases::new(), ..full("ana") };
    subject.must(Change::SaveSession(Box::new(saved))).await;
    subject.reopen().await;
    let kept = Session { aliases: ana.aliases.clone(), ..full("ana") };
    assert_eq!(subject.store.session(&ana.id).await.expect("read"), Some(kept.clone()));
    assert!(subject.store.all_sessions().await.expect("read").contains(&kept));
    let page = subject.store.sessions(&SessionFilter::default(), &PageRequest::default()).await;
    assert!(page.expect("a page").items.contains(&kept));
}

/// `AliasTaken`, and then nothing of the unit is stored; free again once its session is gone.
pub async fn an_alias_is_one_sessions_own(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let desk = || alias(Dialect::BaileysApi, "desk");
    subject.must(create(&called("ana", [desk()]))).await;
    let twice = subject.apply(create(&called("bruno", [alias(Dialect::ZApi, "I"), desk()]))).await;
    let taken = |refused: Result<_, StoreError>| matches!(refused, Err(StoreError::AliasTaken { dialect: Dialect::BaileysApi, name }) if name == "desk");
    assert!(taken(twice.map(drop)));
    assert_eq!(subject.store.session(&session_id("bruno")).await.expect("read"), None);
    subject.create(&session_id("bruno")).await;
    assert!(taken(subject.apply(name("bruno", desk())).await.map(drop)));
    // The same text is another name in another dialect.
    subject.must(name("bruno", alias(Dialect::ZApi, "desk"))).await;
    subject.must(Change::DeleteSession(session_id("ana"))).await;
    subject.must(name("bruno", desk())).await;
}

/// `NameSession` replaces the name in that dialect, and the old one is free; `SessionNotFound` when it is gone.
pub async fn a_session_is_named_anew(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let (old, new) = (alias(Dialect::ZApi, "OLD"), alias(Dialect::ZApi, "NEW"));
    subject.must(create(&called("ana", [old.clone(), alias(Dialect::BaileysApi, "desk")]))).await;
    subject.must(name("ana", new.clone())).await;
    let read = subject.store.session(&session_id("ana")).await.expect("read").expect("ana");
    assert_eq!(read.aliases, called("ana", [new, alias(Dialect::BaileysApi, "desk")]).aliases);
    subject.must(create(&called("bruno", [old.clone()]))).await;
    let nobody = subject.apply(name("nobody", alias(Dialect::ZApi, "X"))).await;
    assert!(matches!(nobody, Err(StoreError::SessionNotFound(_))));
}

/// The highest number of a dialect that counts is known also when its session is gone, and may be given by hand again.
pub async fn a_number_is_counted_for_ever(factory: impl StoreFactory) {
    let mut subject = Subject::new(factory).await;
    let last =
        async |subject: &Subject<_>| subject.store.last_number(Dialect::PressTicket).await.expect("read");
    assert_eq!(last(&subject).await, 0);
    subject.must(create(&called("ana", [alias(Dialect::PressTicket, "9")]))).await;
    subject.must(create(&called("bruno", [alias(Dialect::PressTicket, "10")]))).await;
    subject.must(Change::DeleteSession(session_id("bruno"))).await;
    subject.reopen().await;
    assert_eq!(last(&subject).await, 10);
    subject.must(name("ana", alias(Dialect::PressTicket, "10"))).await;
    subject.must(name("ana", alias(Dialect::PressTicket, "3"))).await;
    assert_eq!(last(&subject).await, 10);
}

/// `SaveSession` replaces the row.
pub async fn saving_replaces_the_row(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(Change::SaveSession(Box::new(full("ana")))).await;
    assert_eq!(subject.store.session(&ana).await.expect("read"), Some(full("ana")));
    subject.must(Change::SaveSession(Box::new(session(&ana)))).await;
    assert_eq!(subject.store.session(&ana).await.expect("read"), Some(session(&ana)));
    assert_eq!(subject.store.all_sessions().await.expect("read").len(), 1);
}

/// `SessionNotFound` when it is gone.
pub async fn saving_a_session_that_is_gone_is_refused(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(Change::DeleteSession(ana.clone())).await;
    for id in [ana, session_id("never")] {
        let saved = subject.apply(Change::SaveSession(Box::new(session(&id)))).await;
        assert!(matches!(saved, Err(StoreError::SessionNotFound(gone)) if gone == id));
        assert_eq!(subject.store.session(&id).await.expect("read"), None);
    }
}

/// Session and messages go; events stay in the log.
pub async fn deleting_removes_the_session_with_its_messages_but_not_its_events(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let bruno = session_id("bruno");
    subject.create(&bruno).await;
    let (mine, other) = (queued(&ana, 1), queued(&bruno, 2));
    subject.must(queue(&mine)).await;
    subject.must(queue(&other)).await;
    subject.tell(&ana).await;
    let entry = Entry { change: Change::DeleteSession(ana.clone()), event: Some(event(&ana)) };
    let done = subject.store.commit(vec![entry]).await.expect("deleted").remove(0);
    assert!(done.applied && done.events.len() == 1, "the last event is told");

    assert_eq!(subject.store.session(&ana).await.expect("read"), None);
    assert_eq!(subject.store.message(&ana, &mine.id).await.expect("read"), None);
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), []);
    let log = subject.store.events_after(0, &EventFilter::default(), 10).await.expect("read");
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|event| event.session == ana));
    assert_eq!(
        subject.store.message(&bruno, &other.id).await.expect("read"),
        Some(other),
        "others keep theirs"
    );
}

/// A second deletion takes no effect and tells nothing.
pub async fn deleting_what_is_not_there_has_no_effect(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let ana = session_id("ana");
    let entry = Entry { change: Change::DeleteSession(ana.clone()), event: Some(event(&ana)) };
    let done = subject.store.commit(vec![entry]).await.expect("no error").remove(0);
    assert!(!done.applied && done.events.is_empty());
    assert_eq!(subject.heard.events(), []);
}

/// A session of the same id is a new one.
pub async fn an_id_can_be_used_again_after_deletion(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(queue(&queued(&ana, 1))).await;
    subject.must(Change::DeleteSession(ana.clone())).await;
    subject.must(create(&full("ana"))).await;
    assert_eq!(subject.store.session(&ana).await.expect("read"), Some(full("ana")));
    assert_eq!(
        subject.store.queued_messages(&ana).await.expect("read"),
        [],
        "nothing of the old one comes back"
    );
}

/// Oldest first; tokens lead through all, once each.
pub async fn sessions_are_listed_oldest_first_in_pages(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let mut expected = Vec::new();
    for n in 0..25 {
        // Created in an order that is neither that of ids nor of times; four share each moment.
        let n = (n * 7) % 25;
        let created_at = later(n / 4);
        let stored = Session { created_at, ..session(&session_id(&format!("s{n:02}"))) };
        subject.must(create(&stored)).await;
        expected.push((created_at, stored.id));
    }
    expected.sort();
    let mut seen = Vec::new();
    let mut page = PageRequest { size: 10, token: None };
    loop {
        let got = subject.store.sessions(&SessionFilter::default(), &page).await.expect("a page");
        assert!(got.items.len() == 10 || got.next_page_token.is_none());
        seen.extend(got.items.into_iter().map(|session| (session.created_at, session.id)));
        page.token = got.next_page_token;
        if page.token.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let all: Vec<_> = subject.store.all_sessions().await.expect("read");
    assert_eq!(all.len(), 25);
}

/// Only in these states.
pub async fn sessions_are_filtered_by_state(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for (n, state) in StateName::ALL.into_iter().enumerate() {
        let id = session_id(&format!("s{n:02}"));
        subject.must(create(&Session { state: SessionState::plain(state, noon()), ..session(&id) })).await;
    }
    let states = vec![StateName::Online, StateName::LoggedOut];
    assert_eq!(listed(&subject, &SessionFilter { states, ..SessionFilter::default() }).await, ["s07", "s10"]);
    assert_eq!(listed(&subject, &SessionFilter::default()).await.len(), 14);
}

/// Id, name or phone contains the text, in any case, the phone also in its usual writings; nothing in it is a pattern.
pub async fn sessions_are_searched_by_id_name_and_phone(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let named = |id: &str, name: &str| Session { name: Some(name.into()), ..session(&session_id(id)) };
    for stored in [full("Front-Desk"), named("b", "Émile 100%"), named("c", "a_b"), named("d", "axb")] {
        subject.must(create(&stored)).await;
    }
    for (q, expected) in [
        ("front", vec!["Front-Desk"]),
        ("ANA'S", vec!["Front-Desk"]),
        ("0000000", vec!["Front-Desk"]),
        ("+999 100 (000)-001", vec!["Front-Desk"]),
        ("+", vec![]),
        ("éMILE", vec!["b"]),
        ("100%", vec!["b"]),
        ("a_b", vec!["c"]),
        ("nobody", vec![]),
    ] {
        let filter = SessionFilter { q: Some(q.into()), ..SessionFilter::default() };
        assert_eq!(listed(&subject, &filter).await, expected, "{q}");
    }
}

/// Only those whose metadata has all these values: texts, and booleans and numbers that are written like that.
pub async fn sessions_are_filtered_by_metadata(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for (id, metadata) in [
        ("a", r#"{"team":"north","tier":"1"}"#),
        ("b", r#"{"team":"north","tier":"2"}"#),
        ("c", r#"{"team":"south","tier":1}"#),
        ("d", r#"{"we.ird \"key":"north"}"#),
        ("e", r#"{"vip":true,"tier":1.5,"none":null,"list":["north"]}"#),
        ("f", r#"{"vip":false,"one":"true"}"#),
    ] {
        let metadata = serde_json::from_str(metadata).expect("JSON");
        subject.must(create(&Session { metadata, ..session(&session_id(id)) })).await;
    }
    for (wanted, expected) in [
        (vec![("team", "north")], vec!["a", "b"]),
        (vec![("team", "north"), ("tier", "2")], vec!["b"]),
        (vec![("tier", "1")], vec!["a", "c"]),
        (vec![("tier", "1.5")], vec!["e"]),
        (vec![("vip", "true")], vec!["e"]),
        (vec![("vip", "false")], vec!["f"]),
        (vec![("vip", "1")], vec![]),
        (vec![("one", "true")], vec!["f"]),
        (vec![("none", "null")], vec![]),
        (vec![("none", "")], vec![]),
        (vec![("list", "[\"north\"]")], vec![]),
        (vec![("we.ird \"key", "north")], vec!["d"]),
        (vec![("missing", "north")], vec![]),
    ] {
        let metadata = wanted.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let filter = SessionFilter { metadata, ..SessionFilter::default() };
        assert_eq!(listed(&subject, &filter).await, expected, "{filter:?}");
    }
}

/// Only these, when a key is limited; an empty reach sees nothing.
pub async fn a_limited_key_lists_its_sessions_only(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for id in ["a", "b", "c"] {
        subject.create(&session_id(id)).await;
    }
    let only = |ids: &[&str]| SessionFilter {
        only: Some(ids.iter().map(|id| session_id(id)).collect()),
        ..SessionFilter::default()
    };
    assert_eq!(listed(&subject, &only(&["c", "a", "x"])).await, ["a", "c"]);
    assert!(listed(&subject, &only(&[])).await.is_empty());
}

/// `InvalidPageToken` for a token that this list did not give.
pub async fn a_page_token_of_another_list_is_refused(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for id in ["a", "b", "c"] {
        subject.create(&session_id(id)).await;
    }
    let page = PageRequest { size: 1, token: None };
    let token =
        subject.store.sessions(&SessionFilter::default(), &page).await.expect("a page").next_page_token;
    let searched = SessionFilter { q: Some("a".into()), ..SessionFilter::default() };
    for (filter, token) in [
        (&searched, token),
        (&SessionFilter::default(), Some("rubbish".into())),
        (&searched, Some(String::new())),
    ] {
        let refused = subject.store.sessions(filter, &PageRequest { size: 1, token }).await;
        assert!(matches!(refused, Err(StoreError::InvalidPageToken)), "{refused:?}");
    }
}

/// All is there after a restart, and a taken id is still taken.
pub async fn sessions_survive_a_restart(factory: impl StoreFactory) {
    let mut subject = Subject::new(factory).await;
    subject.must(create(&full("ana"))).await;
    subject.create(&session_id("gone")).await;
    subject.must(Change::DeleteSession(session_id("gone"))).await;
    subject.reopen().await;
    assert_eq!(subject.store.all_sessions().await.expect("read"), [full("ana")]);
    let again = subject.apply(create(&full("ana"))).await;
    assert!(matches!(again, Err(StoreError::SessionExists(_))));
    subject.create(&session_id("gone")).await;
}
