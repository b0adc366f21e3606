//! `ProtocolStore`: sent messages kept for retries, and inbound messages kept until they are committed.

use super::{ANA, FUTURE, KeyStoreFactory};
use wacore::store::traits::{PendingInboundKey, PendingInboundRow};

const CHAT: &str = "999200000001@s.whatsapp.net";

/// Take retrieves and deletes.
pub async fn a_sent_message_is_taken_once(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.take_sent_message(CHAT, "3EB01").await.expect("read"), None);
    keys.store_sent_message(CHAT, "3EB01", b"before").await.expect("stored");
    keys.store_sent_message(CHAT, "3EB01", b"payload").await.expect("stored");
    keys.store_sent_message(CHAT, "3EB02", b"other").await.expect("stored");
    assert_eq!(keys.take_sent_message("other chat", "3EB01").await.expect("read"), None);
    assert_eq!(keys.take_sent_message(CHAT, "3EB01").await.expect("read").as_deref(), Some(&b"payload"[..]));
    assert_eq!(keys.take_sent_message(CHAT, "3EB01").await.expect("read"), None);
    assert_eq!(keys.take_sent_message(CHAT, "3EB02").await.expect("read").as_deref(), Some(&b"other"[..]));
}

/// Atomic: consuming prevents a double retry.
pub async fn a_sent_message_taken_at_once_by_many_goes_to_one(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_sent_message(CHAT, "3EB01", b"payload").await.expect("stored");
    let mut takers = Vec::new();
    for _ in 0..20 {
        let keys = keys.clone();
        takers.push(tokio::spawn(async move { keys.take_sent_message(CHAT, "3EB01").await.expect("read") }));
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.expect("no panic"));
    }
    assert_eq!(taken, [b"payload".to_vec()]);
}

/// Older than the cutoff, in seconds; the number deleted is given.
pub async fn sent_messages_are_deleted_by_age(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.delete_expired_sent_messages(FUTURE).await.expect("nothing to delete"), 0);
    let before = wacore::time::now_secs();
    for n in 0..3 {
        keys.store_sent_message(CHAT, &format!("3EB0{n}"), b"payload").await.expect("stored");
    }
    keys.store_pending_inbound(CHAT, CHAT, "3EB0", b"message").await.expect("stored");
    assert_eq!(keys.delete_expired_sent_messages(before).await.expect("none is older"), 0);
    assert_eq!(keys.delete_expired_sent_messages(FUTURE).await.expect("deleted"), 3);
    assert_eq!(keys.take_sent_message(CHAT, "3EB00").await.expect("read"), None);
    assert!(keys.get_pending_inbound(CHAT, CHAT, "3EB0").await.expect("read").is_some());
}

/// Read without removing; storing again replaces it.
pub async fn a_pending_message_is_read_without_being_removed(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_pending_inbound(CHAT, CHAT, "3EB01").await.expect("read"), None);
    for message in [&b"first"[..], b"second"] {
        keys.store_pending_inbound(CHAT, CHAT, "3EB01", message).await.expect("stored");
        for _ in 0..2 {
            let stored = keys.get_pending_inbound(CHAT, CHAT, "3EB01").await.expect("read");
            assert_eq!(stored.as_deref(), Some(message));
        }
    }
}

/// Removed once its hook has committed; removing what is missing is no error.
pub async fn a_pending_message_is_deleted(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for id in ["3EB01", "3EB02"] {
        keys.store_pending_inbound(CHAT, CHAT, id, b"message").await.expect("stored");
    }
    for _ in 0..2 {
        keys.delete_pending_inbound(CHAT, CHAT, "3EB01").await.expect("deleted");
        assert_eq!(keys.get_pending_inbound(CHAT, CHAT, "3EB01").await.expect("read"), None);
    }
    assert!(keys.get_pending_inbound(CHAT, CHAT, "3EB02").await.expect("read").is_some());
}

/// Ids are only unique within a chat and sender.
pub async fn pending_messages_are_filed_by_chat_sender_and_id(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let places = [("a", "b", "c"), ("a", "bc", ""), ("ab", "", "c"), ("", "ab", "c"), ("b", "a", "c")];
    for (n, (chat, sender, id)) in places.into_iter().enumerate() {
        keys.store_pending_inbound(chat, sender, id, n.to_string().as_bytes()).await.expect("stored");
    }
    for (n, (chat, sender, id)) in places.into_iter().enumerate() {
        let stored = keys.get_pending_inbound(chat, sender, id).await.expect("read");
        assert_eq!(stored, Some(n.to_string().into_bytes()));
    }
}

/// A batch stores, replaces and deletes like single calls.
pub async fn pending_messages_are_stored_and_deleted_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_pending_inbound(CHAT, CHAT, "3", b"before").await.expect("stored");
    let ids: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let rows: Vec<_> = ids
        .iter()
        .map(|id| PendingInboundRow { chat: CHAT, sender: CHAT, id, message: id.as_bytes() })
        .collect();
    keys.store_pending_inbound_batch(&rows).await.expect("stored");
    for id in &ids {
        let stored = keys.get_pending_inbound(CHAT, CHAT, id).await.expect("read");
        assert_eq!(stored.as_deref(), Some(id.as_bytes()));
    }
    let gone: Vec<_> =
        ids[..70].iter().map(|id| PendingInboundKey { chat: CHAT, sender: CHAT, id }).collect();
    keys.delete_pending_inbound_batch(&gone).await.expect("deleted");
    keys.delete_pending_inbound_batch(&gone).await.expect("deleting again is no error");
    for (n, id) in ids.iter().enumerate() {
        let stored = keys.get_pending_inbound(CHAT, CHAT, id).await.expect("read");
        assert_eq!(stored.is_some(), n >= 70, "{id}");
    }
}

/// Older than the cutoff, in seconds; the number deleted is given.
pub async fn pending_messages_are_deleted_by_age(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.delete_expired_pending_inbound(FUTURE).await.expect("nothing to delete"), 0);
    let before = wacore::time::now_secs();
    for id in ["3EB01", "3EB02"] {
        keys.store_pending_inbound(CHAT, CHAT, id, b"message").await.expect("stored");
    }
    keys.store_sent_message(CHAT, "3EB01", b"payload").await.expect("stored");
    assert_eq!(keys.delete_expired_pending_inbound(before).await.expect("none is older"), 0);
    assert!(keys.get_pending_inbound(CHAT, CHAT, "3EB01").await.expect("read").is_some());
    assert_eq!(keys.delete_expired_pending_inbound(FUTURE).await.expect("deleted"), 2);
    assert_eq!(keys.get_pending_inbound(CHAT, CHAT, "3EB01").await.expect("read"), None);
    assert!(keys.take_sent_message(CHAT, "3EB01").await.expect("read").is_some());
}
