//! The device row before an opening: who is linked in it, and which server it trusts.

use crate::config::SimulatorNetwork;
use enlace_domain::session::Network;
use wacore::store::device::{CachedNoiseCert, CachedServerCertChain};
use wacore::store::error::StoreError;
use wacore::store::traits::DeviceStore;
use wacore_binary::{Jid, Server};

/// User 0 is nobody: the number an unlinked row bears so that the library opens with Noise IK.
const PLACEHOLDER: &str = "0";

/// Validity of the seeded chain, in seconds since 1970: the whole range that matters.
const NOT_BEFORE: i64 = 0;
const NOT_AFTER: i64 = 253_402_300_799;

/// Makes the row ready to be opened and says whether it is of a linked device.
///
/// A simulated session trusts the simulator's static key: the row gets it as a cached chain, and an unlinked row gets
/// a placeholder number, which together make the library open with IK and so without WhatsApp's root. It is written at
/// each opening, because the library drops the chain after a failed handshake and a wiped store has none. On WhatsApp
/// the opposite: what only a simulator could have put there is taken out.
///
/// A fresh row is made by the one write that seeds it: someone may wait for a QR, and each write is a wait for the disk.
pub(crate) async fn prepare(
    store: &dyn DeviceStore,
    network: Network,
    simulator: Option<&SimulatorNetwork>,
) -> Result<bool, StoreError> {
    let stored = store.load().await?;
    let mut changed = stored.is_none();
    let mut device = stored.unwrap_or_default();
    let linked = device.account.is_some();
    let chain = match (network, simulator) {
        (Network::Simulator, Some(simulator)) => Some(chain(simulator.noise_static_public_key)),
        _ => None,
    };
    if network == Network::Simulator {
        changed |= device.server_cert_chain != chain;
        device.server_cert_chain = chain;
    } else if device.server_cert_chain.as_ref().is_some_and(is_seeded) {
        changed = true;
        device.server_cert_chain = None;
    }
    if !linked {
        let number = (network == Network::Simulator).then(|| Jid::new(PLACEHOLDER, Server::Pn));
        changed |= device.pn != number || device.lid.is_some();
        device.pn = number;
        device.lid = None;
    }
    if changed {
        store.save(&device).await?;
    }
    Ok(linked)
}

fn chain(key: [u8; 32]) -> CachedServerCertChain {
    let certificate = CachedNoiseCert { key, not_before: NOT_BEFORE, not_after: NOT_AFTER };
    CachedServerCertChain { intermediate: certificate.clone(), leaf: certificate }
}

/// No real chain has one key twice and is valid for ever.
fn is_seeded(chain: &CachedServerCertChain) -> bool {
    chain.leaf == chain.intermediate && chain.leaf.not_after == NOT_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Door;
    use async_trait::async_trait;
    use parking_lot::Mutex;
    use std::sync::Arc;
    use wacore::store::InMemoryBackend;
    use wacore::store::device::Device;
    use waproto::whatsapp::ADVSignedDeviceIdentity;

    fn simulator(key: u8) -> SimulatorNetwork {
        SimulatorNetwork {
            noise_static_public_key: [key; 32],
            door: Door::WebSocket(String::new()),
            media_ca_pem: None,
            speed: 1.0,
        }
    }

    async fn linked_store() -> InMemoryBackend {
        let store = InMemoryBackend::new();
        let mut device = Device::new();
        device.pn = Some(Jid::pn_device("999100000001", 3));
        device.account = Some(Arc::new(ADVSignedDeviceIdentity::default()));
        store.save(&device).await.unwrap();
        store
    }

    async fn row(store: &InMemoryBackend) -> Device {
        store.load().await.unwrap().unwrap()
    }

    /// A row, and how often something waited for the disk because of it.
    #[derive(Default)]
    struct Counting(Mutex<(Option<Device>, usize)>);

    #[async_trait]
    impl DeviceStore for Counting {
        async fn save(&self, device: &Device) -> Result<(), StoreError> {
            let mut held = self.0.lock();
            *held = (Some(device.clone()), held.1 + 1);
            Ok(())
        }

        async fn load(&self) -> Result<Option<Device>, StoreError> {
            Ok(self.0.lock().0.clone())
        }

        async fn exists(&self) -> Result<bool, StoreError> {
            Ok(self.0.lock().0.is_some())
        }

        async fn create(&self) -> Result<i32, StoreError> {
            self.save(&Device::new()).await?;
            Ok(1)
        }
    }

    #[tokio::test]
    async fn a_fresh_row_is_one_write_and_a_ready_one_is_none() {
        for network in [Network::Simulator, Network::Whatsapp] {
            let store = Counting::default();
            for _ in 0..2 {
                prepare(&store, network, Some(&simulator(7))).await.unwrap();
                assert_eq!(store.0.lock().1, 1, "{network:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_unlinked_simulated_row_is_nobody_and_trusts_the_simulator() {
        let store = InMemoryBackend::new();
        assert!(!prepare(&store, Network::Simulator, Some(&simulator(7))).await.unwrap());
        let device = row(&store).await;
        assert_eq!(device.pn, Some(Jid::new("0", Server::Pn)));
        assert_eq!(device.server_cert_chain.unwrap().leaf.key, [7; 32]);
        assert!(device.account.is_none());
    }

    #[tokio::test]
    async fn a_linked_row_keeps_its_number_and_gets_the_key_anew() {
        let store = linked_store().await;
        assert!(prepare(&store, Network::Simulator, Some(&simulator(7))).await.unwrap());
        let identity = row(&store).await.identity_key.public_key;
        assert!(prepare(&store, Network::Simulator, Some(&simulator(8))).await.unwrap());
        let device = row(&store).await;
        assert_eq!(device.pn, Some(Jid::pn_device("999100000001", 3)));
        assert_eq!(device.server_cert_chain.unwrap().leaf.key, [8; 32]);
        assert_eq!(device.identity_key.public_key, identity);
    }

    #[tokio::test]
    async fn a_session_of_whatsapp_never_trusts_a_simulator() {
        let store = InMemoryBackend::new();
        prepare(&store, Network::Simulator, Some(&simulator(7))).await.unwrap();
        assert!(!prepare(&store, Network::Whatsapp, Some(&simulator(7))).await.unwrap());
        let device = row(&store).await;
        assert_eq!(device.server_cert_chain, None);
        assert_eq!(device.pn, None);
    }

    #[tokio::test]
    async fn a_cached_chain_of_whatsapp_stays() {
        let store = linked_store().await;
        let mut device = row(&store).await;
        let certificate = |key| CachedNoiseCert { key: [key; 32], not_before: 1, not_after: 2 };
        let real = CachedServerCertChain { intermediate: certificate(1), leaf: certificate(2) };
        device.server_cert_chain = Some(real.clone());
        store.save(&device).await.unwrap();
        assert!(prepare(&store, Network::Whatsapp, Some(&simulator(7))).await.unwrap());
        assert_eq!(row(&store).await.server_cert_chain, Some(real));
    }
}
