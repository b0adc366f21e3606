//! Devices that the network must still be told of.

use super::{StoreFactory, Subject, later, noon, session_id};
use enlace_domain::id::RetiredId;
use enlace_domain::port::Change;
use enlace_domain::proxy::Proxy;
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::Network;
use secrecy::ExposeSecret;

fn device(n: u8, session: &str) -> RetiredDevice {
    RetiredDevice {
        id: RetiredId::from_text(format!("ret_{n}")),
        session: session_id(session),
        network: if n.is_multiple_of(2) { Network::Whatsapp } else { Network::Simulator },
        proxy: n
            .is_multiple_of(2)
            .then(|| Proxy::parse("socks5://ana:s%40cret@proxy.example:1080").expect("a proxy")),
        keys: format!("the keys of device {n}").into(),
        since: later(i64::from(n)),
    }
}

fn retire(device: &RetiredDevice) -> Change {
    Change::RetireDevice(Box::new(device.clone()))
}

async fn ids<F: StoreFactory>(subject: &Subject<F>) -> Vec<String> {
    let devices = subject.store.retired_devices().await.expect("read");
    devices.iter().map(|device| device.id.to_string()).collect()
}

/// Every field comes back, oldest first; one that is forgotten does not; neither change does a thing twice.
pub async fn a_retired_device_comes_back_until_it_is_forgotten(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let (first, second) = (device(1, "ana"), device(2, "ana"));
    for device in [&second, &first] {
        assert!(subject.apply(retire(device)).await.expect("no error").applied);
        assert!(!subject.apply(retire(device)).await.expect("no error").applied, "known already");
    }
    let stored = subject.store.retired_devices().await.expect("read");
    assert_eq!(stored.len(), 2);
    for (stored, device) in stored.iter().zip([&first, &second]) {
        assert_eq!(stored.keys.expose_secret(), device.keys.expose_secret());
        let way =
            |device: &RetiredDevice| device.proxy.as_ref().map(|p| p.to_secret().expose_secret().to_owned());
        assert_eq!(way(stored), way(device), "with its password");
        assert_eq!((&stored.id, &stored.session), (&device.id, &device.session));
        assert_eq!((stored.network, stored.since), (device.network, device.since));
        assert!(stored.since > noon());
    }
    let forget = || Change::ForgetDevice(first.id.clone());
    assert!(subject.apply(forget()).await.expect("no error").applied);
    assert!(!subject.apply(forget()).await.expect("no error").applied, "forgotten already");
    assert_eq!(ids(&subject).await, ["ret_2"]);
}

/// Neither the wiping of its session's keys, nor its session's end, nor the process's takes it away.
pub async fn a_retired_device_outlives_its_session_and_a_restart(factory: impl StoreFactory) {
    let (mut subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(retire(&device(1, "ana"))).await;
    subject.must(Change::WipeKeys(ana.clone())).await;
    subject.must(Change::DeleteSession(ana)).await;
    subject.reopen().await;
    assert_eq!(ids(&subject).await, ["ret_1"]);
}
