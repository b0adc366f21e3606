//! `ProtocolStore`: trusted-contact tokens, whose two writers each own their own fields.

use super::{ANA, KeyStoreFactory};
use wacore::store::traits::{Backend, TcTokenEntry};

const JID: &str = "200000000000001@lid";

/// Token, its time, and the sender's time.
type Fields = (Vec<u8>, i64, Option<i64>);

async fn get(keys: &dyn Backend, jid: &str) -> Option<Fields> {
    let entry = keys.get_tc_token(jid).await.expect("read");
    entry.map(|entry| (entry.token, entry.token_timestamp, entry.sender_timestamp))
}

async fn put(keys: &dyn Backend, jid: &str, token: &[u8], token_timestamp: i64, sender: Option<i64>) {
    let entry = TcTokenEntry { token: token.to_vec(), token_timestamp, sender_timestamp: sender };
    keys.put_tc_token(jid, &entry).await.expect("stored");
}

fn fields(token: &[u8], token_timestamp: i64, sender_timestamp: Option<i64>) -> Fields {
    (token.to_vec(), token_timestamp, sender_timestamp)
}

/// Store, get, update, delete.
pub async fn a_token_comes_back_is_replaced_and_deleted(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(get(&*keys, JID).await, None);
    for (token, at, sender) in [(&b"first"[..], 10, Some(5)), (b"second", 8, None), (b"", 9, Some(1))] {
        put(&*keys, JID, token, at, sender).await;
        assert_eq!(get(&*keys, JID).await, Some(fields(token, at, sender)));
    }
    for _ in 0..2 {
        keys.delete_tc_token(JID).await.expect("deleted");
        assert_eq!(get(&*keys, JID).await, None);
    }
}

/// All JIDs that have stored tokens.
pub async fn all_jids_with_tokens_are_listed(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert!(keys.get_all_tc_token_jids().await.expect("read").is_empty());
    for n in 0..5 {
        put(&*keys, &format!("{n}@lid"), b"token", 10, None).await;
    }
    keys.delete_tc_token("3@lid").await.expect("deleted");
    let mut jids = keys.get_all_tc_token_jids().await.expect("read");
    jids.sort();
    assert_eq!(jids, ["0@lid", "1@lid", "2@lid", "4@lid"]);
}

/// The stored value only ever moves forward.
pub async fn a_touch_moves_the_senders_time_forward_only(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    put(&*keys, JID, b"token", 10, None).await;
    for (touch, then) in [(100, 100), (90, 100), (100, 100), (110, 110), (0, 110)] {
        keys.touch_tc_token_sender_timestamp(JID, touch).await.expect("touched");
        assert_eq!(get(&*keys, JID).await, Some(fields(b"token", 10, Some(then))));
    }
}

/// Existing token bytes are preserved.
pub async fn a_touch_keeps_the_token(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_received_tc_token(JID, b"token", 10).await.expect("stored");
    keys.touch_tc_token_sender_timestamp(JID, 500).await.expect("touched");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"token", 10, Some(500))));
}

/// A byte-less placeholder when absent.
pub async fn a_touch_without_a_token_makes_a_placeholder(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.touch_tc_token_sender_timestamp(JID, 500).await.expect("touched");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"", 500, Some(500))));
    assert_eq!(keys.get_all_tc_token_jids().await.expect("read"), [JID]);
}

/// Any existing sender time is preserved.
pub async fn a_received_token_keeps_the_senders_time(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_received_tc_token(JID, b"first", 10).await.expect("stored");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"first", 10, None)));
    keys.touch_tc_token_sender_timestamp(JID, 500).await.expect("touched");
    keys.store_received_tc_token(JID, b"second", 20).await.expect("stored");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"second", 20, Some(500))));
}

/// A stale write must not clobber a fresher real token.
pub async fn a_newer_token_wins(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_received_tc_token(JID, b"newer", 20).await.expect("stored");
    keys.store_received_tc_token(JID, b"older", 19).await.expect("no error");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"newer", 20, None)));
}

/// At least as new is enough.
pub async fn a_token_of_the_same_time_wins(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_received_tc_token(JID, b"first", 20).await.expect("stored");
    keys.store_received_tc_token(JID, b"second", 20).await.expect("stored");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"second", 20, None)));
}

/// A placeholder never blocks the first real one, however old.
pub async fn any_token_wins_over_a_placeholder(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.touch_tc_token_sender_timestamp(JID, 500).await.expect("touched");
    keys.store_received_tc_token(JID, b"old", 3).await.expect("stored");
    assert_eq!(get(&*keys, JID).await, Some(fields(b"old", 3, Some(500))));
}

/// A row goes only when its token is expired or absent and its sender's time is expired or absent.
pub async fn tokens_are_deleted_when_nothing_of_them_lives(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.delete_expired_tc_tokens(100, 200).await.expect("nothing to delete"), 0);
    for (jid, token, at, sender) in [
        ("live-token", &b"t"[..], 100, None),
        ("live-token-stale-sender", b"t", 100, Some(199)),
        ("live-sender", b"t", 99, Some(200)),
        ("placeholder-live-sender", b"", 999, Some(200)),
        ("stale-token", b"t", 99, None),
        ("stale-both", b"t", 99, Some(199)),
        ("placeholder-stale", b"", 999, Some(199)),
        ("placeholder-bare", b"", 999, None),
    ] {
        put(&*keys, jid, token, at, sender).await;
    }
    assert_eq!(keys.delete_expired_tc_tokens(100, 200).await.expect("deleted"), 4);
    let mut left = keys.get_all_tc_token_jids().await.expect("read");
    left.sort();
    assert_eq!(left, ["live-sender", "live-token", "live-token-stale-sender", "placeholder-live-sender"]);
}

/// Both writers at once: neither's field is lost.
pub async fn concurrent_touch_and_receive_lose_nothing(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for round in 0..30 {
        let jid = format!("{round}@lid");
        let (touched, received) = tokio::join!(
            keys.touch_tc_token_sender_timestamp(&jid, 500),
            keys.store_received_tc_token(&jid, b"token", 10)
        );
        touched.and(received).expect("stored");
        assert_eq!(get(&*keys, &jid).await, Some(fields(b"token", 10, Some(500))));
    }
}
