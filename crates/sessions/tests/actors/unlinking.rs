//! Unlinkings that the network could not be told of at once.

use crate::rig::{PATIENCE, Rig, by_qr, forced};
use enlace_domain::event::Event;
use enlace_domain::id::SessionId;
use enlace_domain::port::Store;
use enlace_domain::port::whatsapp::EngineError;
use enlace_domain::proxy::Proxy;
use enlace_domain::session::{RemoteUnlink, StateName};
use enlace_sessions::{PatchSession, SessionsConfig};
use std::sync::Arc;
use std::time::Duration;

/// Tells the network late, or as good as never.
fn retrying_after(unlink_retry_first: Duration) -> SessionsConfig {
    SessionsConfig {
        unlink_within: Duration::from_millis(100),
        reconnect_first: Duration::from_hours(1),
        unlink_retry_first,
        unlink_retry_max: unlink_retry_first,
        ..SessionsConfig::default()
    }
}

const SOON: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_hours(1);

fn unreachable() -> Result<(), EngineError> {
    Err(EngineError::Unreachable { reason: "dial-failed".to_owned() })
}

/// A linked session that is offline.
async fn offline(rig: &Rig, id: &str) -> SessionId {
    let (id, connection) = rig.online(id).await;
    connection.lose("stream-ended").await;
    rig.wait_for(&id, StateName::Reconnecting).await;
    id
}

/// Waits for the event that tells it: the next change of state may follow at once.
async fn wait_until_told(rig: &Rig, id: &SessionId, outcome: &str) -> Arc<Event> {
    let mut events = rig.events_from(0).await;
    let told = |event: &Arc<Event>| event.session == *id && event.data["state"]["remote_unlink"] == outcome;
    let waiting = async {
        loop {
            if let Some(event) = events.next().await.unwrap().into_iter().find(told) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{outcome} was never told"))
}

/// Nothing is kept any more.
async fn assert_nothing_kept(rig: &Rig) {
    assert!(rig.disk.inner.retired_devices().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_logout_offline_is_told_as_soon_as_it_can_be() {
    let rig = Rig::with(retrying_after(SOON)).await;
    let id = offline(&rig, "ana").await;
    rig.network.answer_forget(unreachable());
    rig.network.answer_forget(unreachable());
    let before = rig.gateway.logout_session(&id).await.unwrap();
    assert_eq!(before.state.remote_unlink, Some(RemoteUnlink::Pending));
    let told = wait_until_told(&rig, &id, "done").await;
    assert_eq!(
        (&told.data["from"], &told.data["state"]["name"]),
        (&"logged_out".into(), &"logged_out".into())
    );
    assert!(told.at > before.state.since);
    assert_eq!(rig.state(&id).state.since, before.state.since, "it is in that state since then");
    assert_eq!(rig.network.forgotten(), ["keys of ana"; 3]);
    assert_nothing_kept(&rig).await;
}

#[tokio::test]
async fn a_force_offline_links_at_once_and_every_state_says_that_the_old_device_is_pending() {
    let rig = Rig::with(retrying_after(NEVER)).await;
    let id = offline(&rig, "ana").await;
    let asker = rig.asks(&id, forced(by_qr()));
    // The first is the try to tell the network.
    assert!(rig.network.next_connection().await.request.linked);
    let fresh = rig.network.next_connection().await;
    assert!(!fresh.request.linked);
    fresh.show_qr("fresh").await;
    asker.await.unwrap().unwrap();
    fresh.pair("999100000001").await;
    rig.network.next_connection().await.go_online().await;
    let session = rig.wait_for(&id, StateName::Online).await;
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Pending));
    assert!(rig.network.forgotten().is_empty());

    // Also after a restart; then the word goes with the next change of state.
    let rig = rig.restart_with(retrying_after(SOON)).await;
    let connection = rig.network.next_connection().await;
    connection.go_online().await;
    wait_until_told(&rig, &id, "done").await;
    assert_nothing_kept(&rig).await;
    rig.wait_for(&id, StateName::Online).await;
    rig.gateway.stop_session(&id).await.unwrap();
    assert_eq!(rig.state(&id).state.remote_unlink, None);
}

#[tokio::test]
async fn a_deleted_sessions_device_is_told_too_and_a_new_session_of_that_name_is_not_concerned() {
    let rig = Rig::with(retrying_after(NEVER)).await;
    let id = offline(&rig, "ana").await;
    rig.gateway.delete_session(&id, false).await.unwrap();
    let id = rig.create("ana").await;
    let rig = rig.restart_with(retrying_after(SOON)).await;
    let told = async {
        while !rig.disk.inner.retired_devices().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(rig.network.forgotten(), ["keys of ana"]);
    assert_eq!((rig.state(&id).state.name, rig.state(&id).state.remote_unlink), (StateName::Unlinked, None));
}

#[tokio::test]
async fn a_session_deleted_with_its_link_kept_is_not_unlinked_later() {
    let rig = Rig::with(retrying_after(SOON)).await;
    let id = offline(&rig, "ana").await;
    rig.gateway.delete_session(&id, true).await.unwrap();
    assert_nothing_kept(&rig).await;
}

#[tokio::test]
async fn what_cannot_be_told_in_a_month_is_given_up_after_some_tries() {
    let config = SessionsConfig { unlink_given_up_after: Duration::ZERO, ..retrying_after(SOON) };
    let rig = Rig::with(config).await;
    let id = offline(&rig, "ana").await;
    (0..10).for_each(|_| rig.network.answer_forget(unreachable()));
    rig.gateway.logout_session(&id).await.unwrap();
    wait_until_told(&rig, &id, "given-up").await;
    assert_eq!(rig.network.forgotten().len(), 10);
    assert_nothing_kept(&rig).await;
}

#[tokio::test]
async fn a_clock_that_jumps_a_month_gives_nothing_up() {
    let config = SessionsConfig { unlink_given_up_after: Duration::ZERO, ..retrying_after(SOON) };
    let rig = Rig::with(config).await;
    let id = offline(&rig, "ana").await;
    (0..3).for_each(|_| rig.network.answer_forget(unreachable()));
    rig.gateway.logout_session(&id).await.unwrap();
    wait_until_told(&rig, &id, "done").await;
    assert_eq!(rig.network.forgotten().len(), 4);
}

#[tokio::test]
async fn an_old_device_is_dialled_through_the_proxy_that_its_session_has_now() {
    let rig = Rig::with(retrying_after(NEVER)).await;
    let proxied = |host: &str| PatchSession {
        proxy: Some(Some(Proxy::parse(&format!("socks5://{host}:1080")).unwrap())),
        ..PatchSession::default()
    };
    let (ana, bruno) = (rig.create("ana").await, rig.create("bruno").await);
    for (id, number) in [(&ana, "999100000001"), (&bruno, "999100000002")] {
        rig.gateway.patch_session(id, proxied("old.example")).await.unwrap();
        rig.begin_qr(id).await.pair(number).await;
        let connection = rig.network.next_connection().await;
        connection.go_online().await;
        rig.wait_for(id, StateName::Online).await;
        connection.lose("stream-ended").await;
        rig.wait_for(id, StateName::Reconnecting).await;
    }
    rig.gateway.logout_session(&ana).await.unwrap();
    rig.gateway.patch_session(&ana, proxied("new.example")).await.unwrap();
    // A new session of the name of a deleted one is another one, with another proxy.
    rig.gateway.delete_session(&bruno, false).await.unwrap();
    rig.create("bruno").await;
    rig.gateway.patch_session(&bruno, proxied("other.example")).await.unwrap();
    let rig = rig.restart_with(retrying_after(SOON)).await;
    let told = async {
        while !rig.disk.inner.retired_devices().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    let through = rig.network.forget_requests().into_iter();
    let mut through: Vec<_> =
        through.map(|request| (request.session, request.proxy.unwrap().host().to_owned())).collect();
    through.sort();
    assert_eq!(through, [(ana, "new.example".to_owned()), (bruno, "old.example".to_owned())]);
}

#[tokio::test]
async fn an_unlinking_that_was_told_does_not_hide_an_earlier_one() {
    let rig = Rig::with(retrying_after(NEVER)).await;
    let id = offline(&rig, "ana").await;
    rig.gateway.logout_session(&id).await.unwrap();
    // The connection that tried to tell the network.
    rig.network.next_connection().await;
    rig.begin_qr(&id).await.pair("999100000001").await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    let session = rig.gateway.logout_session(&id).await.unwrap();
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Pending));
    let rig = rig.restart_with(retrying_after(SOON)).await;
    wait_until_told(&rig, &id, "done").await;
    assert_eq!(rig.network.forgotten().len(), 1);
}
