//! `MsgSecretStore`: merged when written again, deleted after their deadline.

use super::{ANA, KeyStoreFactory};
use wacore::store::traits::{Backend, MsgSecretEntry};

const CHAT: &str = "111@g.us";
const SENDER: &str = "200000000000001@lid";

fn entry(id: &str, secret: u8, expires_at: i64, message_ts: i64) -> MsgSecretEntry {
    MsgSecretEntry {
        chat: CHAT.into(),
        sender: SENDER.into(),
        msg_id: id.into(),
        secret: [secret; 32],
        expires_at,
        message_ts,
    }
}

async fn put(keys: &dyn Backend, entry: MsgSecretEntry) {
    keys.put_msg_secrets(vec![entry]).await.expect("stored");
}

/// Whether a secret is left after everything with a deadline up to then is deleted.
async fn outlives(keys: &dyn Backend, id: &str, cutoff: i64) -> bool {
    keys.delete_expired_msg_secrets(cutoff).await.expect("deleted");
    keys.get_msg_secret(CHAT, SENDER, id).await.expect("read").is_some()
}

/// Put and get; putting again replaces the secret.
pub async fn a_secret_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_msg_secret(CHAT, SENDER, "3EB01").await.expect("read"), None);
    assert_eq!(keys.get_msg_secret_with_ts(CHAT, SENDER, "3EB01").await.expect("read"), None);
    for secret in [[1; 32], [2; 32]] {
        keys.put_msg_secret(CHAT, SENDER, "3EB01", &secret).await.expect("stored");
        assert_eq!(keys.get_msg_secret(CHAT, SENDER, "3EB01").await.expect("read"), Some(secret.to_vec()));
        let with_ts = keys.get_msg_secret_with_ts(CHAT, SENDER, "3EB01").await.expect("read");
        assert_eq!(with_ts, Some((secret.to_vec(), 0)));
    }
    assert!(outlives(&*keys, "3EB01", super::FUTURE).await, "the plain form never expires");
}

/// The composite key is compared whole.
pub async fn secrets_are_filed_by_chat_sender_and_id(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let places = [("a", "b", "c"), ("a", "bc", ""), ("ab", "", "c"), ("", "ab", "c"), ("b", "a", "c")];
    for (n, (chat, sender, id)) in (1..).zip(places) {
        keys.put_msg_secret(chat, sender, id, &[n; 32]).await.expect("stored");
    }
    for (n, (chat, sender, id)) in (1..).zip(places) {
        assert_eq!(keys.get_msg_secret(chat, sender, id).await.expect("read"), Some(vec![n; 32]));
    }
}

/// A batch; the outcome is its length.
pub async fn the_number_of_stored_secrets_is_given(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let batch: Vec<_> = (0..100).map(|n| entry(&n.to_string(), n, 0, i64::from(n))).collect();
    assert_eq!(keys.put_msg_secrets(batch).await.expect("stored"), 100);
    for n in 0..100 {
        let stored = keys.get_msg_secret_with_ts(CHAT, SENDER, &n.to_string()).await.expect("read");
        assert_eq!(stored, Some((vec![n; 32], i64::from(n))));
    }
    assert_eq!(
        keys.put_msg_secrets(vec![entry("1", 9, 0, 0), entry("x", 9, 0, 0)]).await.expect("stored"),
        2
    );
}

/// A re-persist never shortens a window.
pub async fn the_later_deadline_wins(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for (id, first, second) in [("a", 100, 200), ("b", 200, 100)] {
        put(&*keys, entry(id, 1, first, 0)).await;
        put(&*keys, entry(id, 2, second, 0)).await;
    }
    for id in ["a", "b"] {
        assert!(outlives(&*keys, id, 199).await);
        assert_eq!(keys.get_msg_secret(CHAT, SENDER, id).await.expect("read"), Some(vec![2; 32]));
    }
    assert!(!outlives(&*keys, "a", 200).await);
    assert!(!outlives(&*keys, "b", 200).await);
}

/// 0 is never, and never is infinity.
pub async fn never_wins_over_any_deadline(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for (id, first, second) in [("a", 0, 100), ("b", 100, 0)] {
        put(&*keys, entry(id, 1, first, 0)).await;
        put(&*keys, entry(id, 1, second, 0)).await;
    }
    assert!(outlives(&*keys, "a", super::FUTURE).await);
    assert!(outlives(&*keys, "b", super::FUTURE).await);
}

/// The later non-zero parent time wins; 0 never clobbers a known one.
pub async fn the_later_time_of_the_parent_wins(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for (at, then) in [(0, 0), (50, 50), (40, 50), (0, 50), (60, 60)] {
        put(&*keys, entry("a", 1, 0, at)).await;
        let (_, stored) = keys.get_msg_secret_with_ts(CHAT, SENDER, "a").await.expect("read").expect("there");
        assert_eq!(stored, then);
    }
}

/// Within a batch the same rules hold.
pub async fn a_secret_repeated_in_one_batch_is_merged(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let batch = vec![entry("a", 1, 300, 50), entry("b", 7, 100, 0), entry("a", 2, 200, 60)];
    keys.put_msg_secrets(batch).await.expect("stored");
    let stored = keys.get_msg_secret_with_ts(CHAT, SENDER, "a").await.expect("read");
    assert_eq!(stored, Some((vec![2; 32], 60)));
    assert!(outlives(&*keys, "a", 299).await);
    assert!(!outlives(&*keys, "a", 300).await);
}

/// Deadlines at or before the cutoff; those that never expire stay; the number deleted is given.
pub async fn expired_secrets_are_deleted(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.delete_expired_msg_secrets(super::FUTURE).await.expect("nothing to delete"), 0);
    for (id, expires_at) in [("before", 99), ("at", 100), ("after", 101), ("never", 0)] {
        put(&*keys, entry(id, 1, expires_at, 0)).await;
    }
    assert_eq!(keys.delete_expired_msg_secrets(100).await.expect("deleted"), 2);
    for (id, left) in [("before", false), ("at", false), ("after", true), ("never", true)] {
        assert_eq!(keys.get_msg_secret(CHAT, SENDER, id).await.expect("read").is_some(), left, "{id}");
    }
}
