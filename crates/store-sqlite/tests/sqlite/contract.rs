//! The contract suites on SQLite; and, to guard the suite of the key stores itself, that one on wacore's own
//! in-memory store. All of its rules hold there too: what that store does not keep (whether a pre-key was uploaded,
//! more than 4,096 sent messages) no rule can see.

mod storage_port {
    use crate::place::Place;
    enlace_testkit::store_contract!(Place::new());
}

mod key_stores {
    use crate::place::Place;
    enlace_testkit::key_store_contract!(Place::new());
}

mod reference_key_stores {
    use async_trait::async_trait;
    use enlace_testkit::key_store_contract::KeyStoreFactory;
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};
    use wacore::store::InMemoryBackend;
    use wacore::store::traits::Backend;

    #[derive(Default)]
    struct InMemory(Mutex<HashMap<String, Arc<InMemoryBackend>>>);

    #[async_trait]
    impl KeyStoreFactory for InMemory {
        async fn open(&self, session: &str) -> Arc<dyn Backend> {
            let mut sessions = self.0.lock().unwrap();
            sessions.entry(session.to_owned()).or_insert_with(|| Arc::new(InMemoryBackend::new())).clone()
        }

        async fn reopen(&self) {}
    }

    enlace_testkit::key_store_contract!(InMemory::default());
}
