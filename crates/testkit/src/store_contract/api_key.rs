//! API keys, by hash.

use super::{StoreFactory, Subject, later, noon, session_id};
use chrono::TimeDelta;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, KeyChange, Scope};
use enlace_domain::page::PageRequest;
use enlace_domain::port::{Change, Entry, StoreError};

fn key(n: u8, scopes: Vec<Scope>) -> ApiKey {
    ApiKey {
        id: KeyId::from_text(format!("key_{n}")),
        name: format!("key \"{n}\""),
        hash: [n; 32],
        scopes,
        sessions: None,
        created_at: noon(),
        expires_at: None,
        last_used_at: None,
    }
}

fn add(key: &ApiKey) -> Change {
    Change::AddKey(Box::new(key.clone()))
}

/// Every field comes back; an unknown hash finds nothing.
pub async fn a_key_is_found_by_its_hash(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let limited = ApiKey {
        sessions: Some(vec![session_id("ana"), session_id("bruno")]),
        expires_at: Some(later(3600)),
        last_used_at: Some(later(60)),
        ..key(2, vec![Scope::Read, Scope::Send, Scope::Link, Scope::Manage])
    };
    for key in [key(1, vec![Scope::Admin]), limited, ApiKey { sessions: Some(vec![]), ..key(3, vec![]) }] {
        subject.must(add(&key)).await;
        assert_eq!(subject.store.key(&key.id).await.expect("read").as_ref(), Some(&key));
        assert_eq!(subject.store.key_by_hash(&key.hash).await.expect("read"), Some(key));
    }
    assert_eq!(subject.store.key_by_hash(&[9; 32]).await.expect("read"), None);
    assert_eq!(subject.store.key(&KeyId::from_text("key_9")).await.expect("read"), None);
}

/// Neither its id nor its hash can be taken over.
pub async fn a_known_key_is_not_added_again(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let first = key(1, vec![Scope::Read]);
    subject.must(add(&first)).await;
    let same_id = ApiKey { id: first.id.clone(), ..key(2, vec![Scope::Admin]) };
    let same_hash = ApiKey { hash: first.hash, ..key(3, vec![Scope::Admin]) };
    for taken in [same_id, same_hash] {
        assert!(!subject.apply(add(&taken)).await.expect("no error").applied);
    }
    assert_eq!(subject.store.key_by_hash(&first.hash).await.expect("read"), Some(first));
    assert_eq!(subject.store.admin_keys().await.expect("read"), 0);
}

/// How many keys with scope `admin` exist.
pub async fn admin_keys_are_counted(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    assert_eq!(subject.store.admin_keys().await.expect("read"), 0);
    for (n, scopes) in
        [vec![Scope::Admin], vec![Scope::Manage], vec![Scope::Read, Scope::Admin]].into_iter().enumerate()
    {
        let n = u8::try_from(n).expect("three keys");
        subject.must(add(&key(n, scopes))).await;
    }
    assert_eq!(subject.store.admin_keys().await.expect("read"), 2);
}

/// To the minute, and never back.
pub async fn use_is_recorded_to_the_minute(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let key = key(1, vec![Scope::Read]);
    subject.must(add(&key)).await;
    for (at, expected) in [(200, 200), (205, 200), (500, 500), (210, 500)] {
        subject.store.touch_key(&key.id, later(at)).await.expect("no error");
        let stored = subject.store.key_by_hash(&key.hash).await.expect("read").expect("there");
        let off = later(expected) - stored.last_used_at.expect("it was used");
        assert!(off >= TimeDelta::zero() && off < TimeDelta::minutes(1), "used at {at}: {off} off");
    }
    subject.store.touch_key(&KeyId::from_text("key_gone"), noon()).await.expect("a deleted key is no error");
}

/// All is there after a restart.
pub async fn keys_survive_a_restart(factory: impl StoreFactory) {
    let mut subject = Subject::new(factory).await;
    let key = key(1, vec![Scope::Admin]);
    subject.must(add(&key)).await;
    subject.reopen().await;
    assert_eq!(subject.store.key_by_hash(&key.hash).await.expect("read"), Some(key));
    assert_eq!(subject.store.admin_keys().await.expect("read"), 1);
}

/// All of them, each once, by the time they were made.
pub async fn keys_are_listed_oldest_first_in_pages(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for n in [5, 3, 1, 4, 2] {
        let key = ApiKey { created_at: later(i64::from(n) / 2), ..key(n, vec![Scope::Read]) };
        subject.must(add(&key)).await;
    }
    let (mut ids, mut page) = (Vec::new(), PageRequest { size: 2, token: None });
    loop {
        let found = subject.store.keys(&page).await.expect("a page");
        assert!(found.items.len() <= 2);
        ids.extend(found.items.iter().map(|key| key.id.to_string()));
        page.token = found.next_page_token;
        if page.token.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["key_1", "key_2", "key_3", "key_4", "key_5"]);
    let foreign = PageRequest { size: 2, token: Some("x".to_owned()) };
    assert!(matches!(subject.store.keys(&foreign).await, Err(StoreError::InvalidPageToken)));
}

/// What is named changes, the rest stays; a key that is gone is refused.
pub async fn a_key_is_changed_in_what_is_named(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let first = key(1, vec![Scope::Read]);
    subject.must(add(&first)).await;
    let change = KeyChange {
        scopes: Some(vec![Scope::Send, Scope::Admin]),
        sessions: Some(Some(vec![session_id("ana")])),
        expires_at: Some(Some(later(60))),
        name: None,
    };
    subject.must(Change::ChangeKey { id: first.id.clone(), change: change.clone() }).await;
    let expected = ApiKey {
        scopes: vec![Scope::Send, Scope::Admin],
        sessions: Some(vec![session_id("ana")]),
        expires_at: Some(later(60)),
        ..first.clone()
    };
    assert_eq!(subject.store.key_by_hash(&first.hash).await.expect("read"), Some(expected.clone()));
    assert_eq!(subject.store.admin_keys().await.expect("read"), 1);
    let freed =
        KeyChange { name: Some("new".into()), sessions: Some(None), expires_at: Some(None), scopes: None };
    subject.must(Change::ChangeKey { id: first.id.clone(), change: freed }).await;
    let expected = ApiKey { name: "new".into(), sessions: None, expires_at: None, ..expected };
    assert_eq!(subject.store.key(&first.id).await.expect("read"), Some(expected));
    let gone = KeyId::from_text("key_gone");
    let refused = subject.apply(Change::ChangeKey { id: gone.clone(), change }).await;
    assert!(matches!(refused, Err(StoreError::KeyNotFound(id)) if id == gone));
}

/// It is found no more; a second time it is refused.
pub async fn a_revoked_key_is_gone(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let (one, other) = (key(1, vec![Scope::Read]), key(2, vec![Scope::Read]));
    subject.must(add(&one)).await;
    subject.must(add(&other)).await;
    subject.must(Change::RevokeKey(one.id.clone())).await;
    assert_eq!(subject.store.key_by_hash(&one.hash).await.expect("read"), None);
    assert_eq!(subject.store.key(&other.id).await.expect("read"), Some(other));
    let again = subject.apply(Change::RevokeKey(one.id.clone())).await;
    assert!(matches!(again, Err(StoreError::KeyNotFound(id)) if id == one.id));
}

/// Neither by revoking nor by any change; limited and expiring admin keys do not count. A refused unit leaves nothing.
pub async fn the_last_lasting_admin_key_stays(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let last = key(1, vec![Scope::Admin]);
    let limited = ApiKey { sessions: Some(vec![session_id("ana")]), ..key(2, vec![Scope::Admin]) };
    let expiring = ApiKey { expires_at: Some(later(3600)), ..key(3, vec![Scope::Admin]) };
    for key in [&last, &limited, &expiring] {
        subject.must(add(key)).await;
    }
    let change = |change| Change::ChangeKey { id: last.id.clone(), change };
    for refused in [
        Change::RevokeKey(last.id.clone()),
        change(KeyChange { scopes: Some(vec![Scope::Manage]), ..KeyChange::default() }),
        change(KeyChange { sessions: Some(Some(vec![])), ..KeyChange::default() }),
        change(KeyChange { expires_at: Some(Some(later(9))), ..KeyChange::default() }),
    ] {
        let before = Entry { change: add(&key(4, vec![Scope::Read])), event: None };
        let unit = vec![before, Entry { change: refused, event: None }];
        assert!(matches!(subject.store.commit(unit).await, Err(StoreError::LastAdminKey)));
    }
    assert_eq!(subject.store.key(&last.id).await.expect("read").as_ref(), Some(&last));
    assert_eq!(subject.store.key_by_hash(&[4; 32]).await.expect("read"), None, "the unit left something");
    subject.must(change(KeyChange { name: Some("renamed".into()), ..KeyChange::default() })).await;
    subject.must(Change::RevokeKey(limited.id.clone())).await;
    let next = key(5, vec![Scope::Admin]);
    let both = [add(&next), Change::RevokeKey(last.id.clone())];
    let unit = both.map(|change| Entry { change, event: None }).to_vec();
    subject.store.commit(unit).await.expect("another is made in the same unit");
    assert_eq!(subject.store.key(&last.id).await.expect("read"), None);
}
