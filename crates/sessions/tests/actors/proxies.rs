//! A session's proxy: it goes along with every dial, and another one counts at once.

use crate::rig::{Rig, by_qr};
use enlace_domain::Fault;
use enlace_domain::port::ConnectionEvent;
use enlace_domain::proxy::Proxy;
use enlace_domain::session::StateName;
use enlace_sessions::{PatchSession, SessionsConfig};
use std::time::Duration;

fn quick() -> SessionsConfig {
    SessionsConfig { reconnect_first: Duration::from_millis(5), ..SessionsConfig::default() }
}

fn proxied(proxy: Option<&str>) -> PatchSession {
    let proxy = proxy.map(|text| Proxy::parse(text).unwrap());
    PatchSession { proxy: Some(proxy), ..PatchSession::default() }
}

#[tokio::test]
async fn another_proxy_counts_at_once_and_over_a_restart() {
    let rig = Rig::with(quick()).await;
    let (id, direct) = rig.online("ana").await;
    assert_eq!(direct.request.proxy, None);
    rig.gateway.patch_session(&id, proxied(Some("socks5://ana:secret@proxy.example:1080"))).await.unwrap();
    assert!(direct.is_closed(), "what was open went around the proxy");
    let again = rig.network.next_connection().await;
    assert_eq!(again.request.proxy, rig.state(&id).proxy);
    assert_eq!(again.request.proxy.as_ref().unwrap().host(), "proxy.example");
    again.go_online().await;
    rig.wait_for(&id, StateName::Online).await;

    // The same once more, or another name, is no reason to hang up.
    rig.gateway.patch_session(&id, proxied(Some("socks5://ana:secret@proxy.example:1080"))).await.unwrap();
    rig.gateway.patch_session(&id, PatchSession { name: Some(None), ..Default::default() }).await.unwrap();
    assert!(!again.is_closed());

    let rig = rig.restart().await;
    let resumed = rig.network.next_connection().await;
    assert_eq!(resumed.request.proxy, again.request.proxy);
    resumed.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    rig.gateway.patch_session(&id, proxied(None)).await.unwrap();
    assert_eq!(rig.network.next_connection().await.request.proxy, None);
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_ends_the_link_with_what_to_do() {
    let rig = Rig::with(quick()).await;
    let id = rig.create("ana").await;
    rig.gateway.patch_session(&id, proxied(Some("http://proxy.example:3128"))).await.unwrap();
    let asker = rig.asks(&id, by_qr());
    rig.network.next_connection().await.lose("proxy-auth-required").await;
    let refused = asker.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), "network-unreachable");
    assert!(refused.detail().contains("http://user:password@host:port"), "{}", refused.detail());
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("proxy-auth-required"));
}

#[tokio::test]
async fn who_waits_for_a_turn_is_not_given_up() {
    let config = SessionsConfig { first_qr_within: Duration::from_millis(1_500), ..quick() };
    let rig = Rig::with(config).await;
    let (ana, bruno) = (rig.create("ana").await, rig.create("bruno").await);
    let _waits = rig.looks(&ana);
    let queued = rig.network.next_connection().await;
    queued.tell(ConnectionEvent::Queued).await;
    // One that is dialled later and shows nothing is given up.
    let refused = rig.looks(&bruno).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), "network-unreachable");
    assert!(!queued.is_closed());
    queued.tell(ConnectionEvent::Dialling).await;
    rig.wait_for_reason(&ana, "no-qr-from-network").await;
    assert!(queued.is_closed());
}
