//! A day offline: what piled up arrives once, texts in order, and the network hears that it did.

use crate::support::{eventually, text, world};
use enlace_domain::message::{Content, Status};
use enlace_simulator::{Phone, ReceiptKind};
use futures::future::try_join_all;

/// Texts that pile up, and as many receipts.
const PILE: usize = 1_500;
/// Texts sent at the same time.
const AT_ONCE: usize = 50;

fn queued(phone: &Phone) -> usize {
    phone.devices().iter().map(|device| device.queued).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_texts_and_receipts_arrives_once_and_is_acknowledged() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    let ours: Vec<_> = (0..PILE).map(|n| text(&world, &bruno, &format!("ours {n}"))).collect();
    connection.send(&ours[0]).await.unwrap();
    for some in ours[1..].chunks(AT_ONCE) {
        try_join_all(some.iter().map(|message| connection.send(message))).await.unwrap();
    }
    let mut delivered = 0;
    while delivered < ours.len() {
        delivered += heard.receipt().await.wa_ids.len();
    }
    eventually("everything said so far confirmed", || queued(&ana) == 0).await;
    connection.close().await;
    heard.ended().await;

    let ours: Vec<_> = ours.into_iter().map(|message| message.wa_id).collect();
    let mut theirs = Vec::new();
    for (n, id) in ours.iter().enumerate() {
        theirs.push(bruno.send_text(&ana.number(), &format!("theirs {n}")).await.unwrap());
        bruno.mark(ReceiptKind::Read, std::slice::from_ref(id)).await.unwrap();
    }
    assert!(queued(&ana) >= 2 * PILE, "{}", queued(&ana));

    let (connection, mut heard) = world.open("ana", true).await;
    for (n, id) in theirs.iter().enumerate() {
        let message = heard.message().await;
        assert_eq!(message.wa_id, *id);
        assert_eq!(message.content, Content::Text(format!("theirs {n}")));
    }
    let mut read = Vec::new();
    while read.len() < ours.len() {
        let receipt = heard.receipt().await;
        assert_eq!(receipt.status, Status::Read);
        read.extend(receipt.wa_ids);
    }
    // The library handles receipts side by side: each comes once, and those of different messages in any order.
    read.sort_unstable();
    let mut expected = ours;
    expected.sort_unstable();
    assert_eq!(read, expected);
    eventually("everything confirmed", || queued(&ana) == 0).await;
    connection.close().await;
    heard.ended().await;
    drop(connection);
    heard.assert_over().await;
}
