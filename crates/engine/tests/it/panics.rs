//! A panic on our side of a port, or in the door to the network, ends one connection and is told like any other end.

use crate::support::{Heard, Recorder, World, engine_config, recorder, session, world};
use async_trait::async_trait;
use enlace_domain::message::Content;
use enlace_domain::port::whatsapp::OpenRequest;
use enlace_domain::port::{
    Connection, ConnectionEvent, EndReason, EngineError, InboundMessage, Inbox, InboxError, Receipt, WhatsApp,
};
use enlace_domain::session::Network;
use enlace_engine::{Door, SimulatorNetwork, WebEngine};
use std::sync::Arc;

/// What an inbox does not survive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trap {
    Qr,
    Online,
    Messages,
    Receipt,
}

/// An inbox that panics at one thing and remembers the rest.
struct Panicking {
    trap: Trap,
    recorder: Arc<Recorder>,
}

impl Panicking {
    fn spring(&self, trap: Trap) {
        assert!(self.trap != trap, "the test asked for this panic");
    }
}

#[async_trait]
impl Inbox for Panicking {
    async fn connection(&self, event: ConnectionEvent) {
        match event {
            ConnectionEvent::Qr { .. } => self.spring(Trap::Qr),
            ConnectionEvent::Online { .. } => self.spring(Trap::Online),
            _ => {}
        }
        self.recorder.connection(event).await;
    }

    async fn messages(&self, batch: Vec<InboundMessage>) -> Result<(), InboxError> {
        self.spring(Trap::Messages);
        self.recorder.messages(batch).await
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), InboxError> {
        self.spring(Trap::Receipt);
        self.recorder.receipt(receipt).await
    }
}

fn failed() -> EndReason {
    EndReason::Lost { reason: "engine-failed".to_owned() }
}

fn request(linked: bool) -> OpenRequest {
    OpenRequest {
        session: session("ana"),
        network: Network::Simulator,
        linked,
        mark_online: false,
        proxy: None,
    }
}

async fn open(world: &World, linked: bool, trap: Trap) -> (Arc<dyn Connection>, Heard) {
    let (recorder, heard) = recorder();
    let inbox = Arc::new(Panicking { trap, recorder });
    let connection = world.engine.open(request(linked), inbox).await.unwrap();
    (connection, heard)
}

/// It has ended: nobody waits for it, and the next one opens.
async fn over(connection: &Arc<dyn Connection>, heard: &mut Heard) {
    assert_eq!(heard.ended().await, failed());
    connection.close().await;
    assert!(matches!(connection.logout().await, Err(EngineError::Ended)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_panics_at_a_happening_hears_of_the_end_all_the_same() {
    let world = world(10.0);
    let (connection, mut heard) = open(&world, false, Trap::Qr).await;
    over(&connection, &mut heard).await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    world.link("ana", &ana).await;
    let (connection, mut heard) = open(&world, true, Trap::Online).await;
    over(&connection, &mut heard).await;
    let (_connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_at_which_the_inbox_panics_is_not_acknowledged_and_comes_again() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, _) = world.link("ana", &ana).await;
    connection.close().await;
    let (connection, mut heard) = open(&world, true, Trap::Messages).await;
    heard.online().await;
    let id = bruno.send_text(&ana.number(), "keep me").await.unwrap();
    over(&connection, &mut heard).await;
    let (_connection, mut heard) = world.open("ana", true).await;
    let message = heard.message().await;
    assert_eq!((message.wa_id, message.content), (id, Content::Text("keep me".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_at_which_the_inbox_panics_is_not_acknowledged_and_comes_again() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, _) = world.link("ana", &ana).await;
    connection.close().await;
    let (connection, mut heard) = open(&world, true, Trap::Receipt).await;
    heard.online().await;
    let message = crate::support::text(&world, &bruno, "hello");
    // Its receipt may be faster than its acknowledgement.
    drop(connection.send(&message).await);
    over(&connection, &mut heard).await;
    let (_connection, mut heard) = world.open("ana", true).await;
    assert_eq!(heard.receipt().await.wa_ids, [message.wa_id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_that_panics_is_an_end() {
    let world = world(1.0);
    let mut config = engine_config(&world.stores);
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: world.simulator.noise_static_public_key(),
        door: Door::Pipe(Arc::new(|| panic!("the test asked for this panic"))),
        media_ca_pem: None,
        speed: 1.0,
    });
    let (recorder, mut heard) = recorder();
    let connection = WebEngine::new(config).open(request(false), recorder).await.unwrap();
    over(&connection, &mut heard).await;
}
