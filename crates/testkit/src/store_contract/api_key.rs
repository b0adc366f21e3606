//! API keys, by hash.

use super::{StoreFactory, Subject, later, noon, session_id};
use chrono::TimeDelta;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::port::Change;

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
        assert_eq!(subject.store.key_by_hash(&key.hash).await.expect("read"), Some(key));
    }
    assert_eq!(subject.store.key_by_hash(&[9; 32]).await.expect("read"), None);
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
