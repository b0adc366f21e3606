//! Lists of messages.

use super::{StoreFactory, Subject, jid, later, noon, queue, queued, receive, received, session_id};
use chrono::{SubsecRound, TimeDelta};
use enlace_domain::address::Person;
use enlace_domain::clock::Timestamp;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Message, Status};
use enlace_domain::page::PageRequest;
use enlace_domain::port::{Change, MessageFilter, StoreError};

/// Follows the tokens through the whole list.
async fn walk<F: StoreFactory>(
    subject: &Subject<F>,
    session: &SessionId,
    filter: &MessageFilter,
    size: u32,
) -> Vec<Message> {
    let mut seen = Vec::new();
    let mut page = PageRequest { size, token: None };
    loop {
        let got = subject.store.messages(session, filter, &page).await.expect("a page");
        assert!(got.items.len() <= size as usize);
        assert!(
            got.items.len() == size as usize || got.next_page_token.is_none(),
            "only the last page is short"
        );
        seen.extend(got.items);
        page.token = got.next_page_token;
        if page.token.is_none() {
            return seen;
        }
    }
}

fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

/// Newest first; a last page that is just full has no token.
pub async fn messages_are_listed_newest_first_in_pages(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let mut expected = Vec::new();
    for n in 0..20 {
        let message = received(&ana, (n * 7) % 20);
        subject.must(receive(&message)).await;
        expected.push(message);
    }
    expected.sort_by_key(|message| std::cmp::Reverse(message.at));
    for size in [1, 5, 6, 20, 200] {
        assert_eq!(walk(&subject, &ana, &MessageFilter::default(), size).await, expected, "pages of {size}");
    }
}

/// The network's times are whole seconds and ours are not: a reply is newer than the text that it answers all the same.
/// What was written in an earlier second stays older, however late it comes.
pub async fn messages_of_one_second_are_listed_as_they_were_stored(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let second = noon().trunc_subsecs(0);
    assert!(noon() > second, "our times are within a second");
    let of_one_chat = |message: Message, at: Timestamp| {
        let Message { chat, chat_person, .. } = received(&ana, 0);
        Message { chat, chat_person, at, ..message }
    };
    // The ids run against the order, so that they cannot make it.
    let stored = [
        of_one_chat(queued(&ana, 5), noon()),
        of_one_chat(received(&ana, 4), second),
        of_one_chat(queued(&ana, 3), noon() + TimeDelta::milliseconds(500)),
        of_one_chat(received(&ana, 2), second),
        of_one_chat(received(&ana, 9), second - TimeDelta::seconds(1)),
    ];
    for message in &stored {
        let change = if message.from_me { queue(message) } else { receive(message) };
        subject.must(change).await;
    }
    let expected = [3, 2, 1, 0, 4].map(|place: usize| stored[place].clone());
    let chat = Some(expected[0].chat.to_string());
    for filter in [MessageFilter::default(), MessageFilter { chat, ..MessageFilter::default() }] {
        for size in [1, 2, 50] {
            assert_eq!(walk(&subject, &ana, &filter, size).await, expected, "{filter:?}, pages of {size}");
        }
    }
}

/// Messages that arrive between two pages neither repeat nor hide any of the older ones.
pub async fn pages_stay_stable_while_messages_arrive(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    for n in 0..10 {
        subject.must(receive(&received(&ana, n))).await;
    }
    let mut page = PageRequest { size: 4, token: None };
    let mut seen = Vec::new();
    for n in 100.. {
        let got = subject.store.messages(&ana, &MessageFilter::default(), &page).await.expect("a page");
        seen.extend(got.items);
        page.token = got.next_page_token;
        if page.token.is_none() {
            break;
        }
        subject.must(receive(&received(&ana, n))).await;
    }
    let expected: Vec<_> = (0..10).rev().map(|n| received(&ana, n)).collect();
    assert_eq!(seen, expected);
}

/// Ties are broken by id.
pub async fn messages_of_the_same_moment_are_all_listed_once(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    for n in 0..9 {
        subject.must(receive(&Message { at: later(0), ..received(&ana, n) })).await;
    }
    let seen = walk(&subject, &ana, &MessageFilter::default(), 2).await;
    let mut expected: Vec<_> = (0..9).map(|n| received(&ana, n).id).collect();
    expected.reverse();
    assert_eq!(seen.into_iter().map(|message| message.id).collect::<Vec<_>>(), expected);
}

/// The chat filter matches PN and LID, whichever of them a message was stored under.
pub async fn a_chat_is_found_by_either_address_of_its_person(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let (pn, lid) = (jid("999200000001@s.whatsapp.net"), jid("200000000000001@lid"));
    let both = Person { pn: Some(pn.clone()), lid: Some(lid.clone()) };
    let under = |chat: &enlace_domain::address::Jid, chat_person: &Person, n| Message {
        chat: chat.clone(),
        chat_person: chat_person.clone(),
        ..received(&ana, n)
    };
    for message in [
        under(&pn, &both, 1),
        under(&lid, &both, 2),
        under(&pn, &Person::from_jids([pn.clone()]), 3),
        under(&lid, &Person::from_jids([lid.clone()]), 4),
        under(&pn, &both, 5),
        received(&ana, 6),
    ] {
        subject.must(receive(&message)).await;
    }
    let in_chat = |chat: &str| MessageFilter { chat: Some(chat.into()), ..MessageFilter::default() };
    for (chat, expected) in [
        ("999200000001@s.whatsapp.net", [5, 3, 2, 1].as_slice()),
        ("+999 200-000001", &[5, 3, 2, 1]),
        ("200000000000001@lid", &[5, 4, 2, 1]),
        ("999200000099@s.whatsapp.net", &[]),
        ("no address", &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| received(&ana, *n).id).collect();
        for size in [1, 2, 50] {
            let seen = walk(&subject, &ana, &in_chat(chat), size).await;
            assert_eq!(ids(&seen), expected.iter().map(MessageId::as_str).collect::<Vec<_>>(), "{chat}");
        }
    }
}

/// Only with this status; only ours, or only theirs.
pub async fn messages_are_filtered_by_status_and_side(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(receive(&received(&ana, 1))).await;
    subject.must(queue(&queued(&ana, 2))).await;
    subject.must(queue(&Message { status: Status::Sent, ..queued(&ana, 3) })).await;
    let chat = Some(queued(&ana, 3).chat.to_string());
    for (filter, expected) in [
        (MessageFilter { from_me: Some(true), ..MessageFilter::default() }, [3, 2].as_slice()),
        (MessageFilter { from_me: Some(false), ..MessageFilter::default() }, &[1]),
        (MessageFilter { status: Some(Status::Queued), ..MessageFilter::default() }, &[2]),
        (MessageFilter { status: Some(Status::Sent), chat, from_me: Some(true) }, &[3]),
        (MessageFilter { status: Some(Status::Sent), from_me: Some(false), chat: None }, &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| received(&ana, *n).id).collect();
        let seen = walk(&subject, &ana, &filter, 50).await;
        assert_eq!(ids(&seen), expected.iter().map(MessageId::as_str).collect::<Vec<_>>(), "{filter:?}");
    }
}

/// `InvalidPageToken` for a token that this list did not give.
pub async fn a_page_token_of_another_list_is_refused(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    for n in 0..3 {
        subject.must(receive(&received(&ana, n))).await;
    }
    let page = PageRequest { size: 1, token: None };
    let all = MessageFilter::default();
    let token = subject.store.messages(&ana, &all, &page).await.expect("a page").next_page_token;
    assert!(token.is_some());
    let theirs = MessageFilter { from_me: Some(false), ..MessageFilter::default() };
    for (session, filter, token) in [
        (session_id("bruno"), &all, token.clone()),
        (ana.clone(), &theirs, token),
        (ana, &all, Some("rubbish".into())),
    ] {
        let refused = subject.store.messages(&session, filter, &PageRequest { size: 1, token }).await;
        assert!(matches!(refused, Err(StoreError::InvalidPageToken)), "{refused:?}");
    }
}

/// Every list is of one session.
pub async fn another_sessions_messages_are_never_seen(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let bruno = session_id("bruno");
    subject.create(&bruno).await;
    subject.must(receive(&received(&ana, 1))).await;
    subject.must(queue(&queued(&ana, 2))).await;
    assert_eq!(walk(&subject, &bruno, &MessageFilter::default(), 50).await, []);
    let chat = Some(received(&ana, 1).chat.to_string());
    assert_eq!(walk(&subject, &bruno, &MessageFilter { chat, ..MessageFilter::default() }, 50).await, []);
    assert_eq!(subject.store.queued_messages(&bruno).await.expect("read"), []);
    assert_eq!(subject.store.message(&bruno, &received(&ana, 1).id).await.expect("read"), None);
}

/// Messages of ours that still wait to be sent, oldest first.
pub async fn queued_messages_are_listed_oldest_first(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    for n in [5, 1, 3] {
        subject.must(queue(&queued(&ana, n))).await;
    }
    subject.must(receive(&received(&ana, 2))).await;
    subject.must(queue(&Message { status: Status::Sent, ..queued(&ana, 4) })).await;
    let waiting = subject.store.queued_messages(&ana).await.expect("read");
    assert_eq!(waiting, [queued(&ana, 1), queued(&ana, 3), queued(&ana, 5)]);
    subject.must(Change::DeleteSession(ana.clone())).await;
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), []);
}
