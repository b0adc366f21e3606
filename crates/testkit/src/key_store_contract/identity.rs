//! `SignalStore`: identities.

use super::{ANA, KeyStoreFactory};
use std::sync::Arc;

const ADDRESS: &str = "999200000001@s.whatsapp.net";

/// Store an identity key for a remote address; storing again replaces it.
pub async fn an_identity_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for key in [[1; 32], [2; 32]] {
        keys.put_identity(ADDRESS, key).await.expect("stored");
        assert_eq!(keys.load_identity(ADDRESS).await.expect("read"), Some(key));
    }
}

/// Not found is `None`, also for an address that begins like a known one.
pub async fn a_missing_identity_is_none(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_identity(ADDRESS, [1; 32]).await.expect("stored");
    for address in ["", "999200000001", "999200000001:1@s.whatsapp.net", "999200000001@s.whatsapp.net "] {
        assert_eq!(keys.load_identity(address).await.expect("read"), None, "{address}");
    }
}

/// Deleting is final, and deleting what is missing is no error.
pub async fn a_deleted_identity_is_gone(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_identity(ADDRESS, [1; 32]).await.expect("stored");
    for _ in 0..2 {
        keys.delete_identity(ADDRESS).await.expect("deleted");
        assert_eq!(keys.load_identity(ADDRESS).await.expect("read"), None);
    }
}

/// A batch stores and replaces like single writes.
pub async fn identities_are_written_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let address = |n: u8| -> Arc<str> { format!("{n}@lid").into() };
    keys.put_identity(&address(3), [99; 32]).await.expect("stored");
    let batch: Vec<_> = (0..150).map(|n| (address(n), [n; 32])).collect();
    keys.put_identities_batch(&batch).await.expect("stored");
    for n in 0..150 {
        assert_eq!(keys.load_identity(&address(n)).await.expect("read"), Some([n; 32]));
    }
}
