//! Receipts on their way to the inbox, and the gate that holds back their acknowledgements.
//!
//! The library tells of a receipt on its synchronous path and queues the acknowledgement right after. Waiting there
//! would take a thread for each of the thousands that a day offline leaves; so the receipt is only noted, a task of its
//! own keeps what was noted, and the transport lets no frame out before all that was noted until then is kept.

use crate::classify;
use crate::decode::receipt::Incomplete;
use crate::shared::Shared;
use enlace_domain::port::Receipt;
use futures::future::try_join_all;
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use whatsapp_rust::Client;

/// Receipts handed to the inbox at once, which a store can write in one commit.
const BATCH: usize = 64;

/// What was noted and how much of it is kept, in order. Small entries: the server's own window bounds their number.
pub(crate) struct Backlog<T> {
    noted: Mutex<Noted<T>>,
    filled: Notify,
    progress: watch::Sender<Progress>,
}

struct Noted<T> {
    total: u64,
    waiting: VecDeque<T>,
}

#[derive(Default)]
struct Progress {
    kept: u64,
    closed: bool,
}

impl<T> Default for Backlog<T> {
    fn default() -> Self {
        Self {
            noted: Mutex::new(Noted { total: 0, waiting: VecDeque::new() }),
            filled: Notify::new(),
            progress: watch::Sender::new(Progress::default()),
        }
    }
}

impl<T> Backlog<T> {
    /// Adds one. From now on no frame leaves before it is kept.
    pub(crate) fn note(&self, entry: T) {
        let mut noted = self.noted.lock();
        noted.total += 1;
        noted.waiting.push_back(entry);
        drop(noted);
        self.filled.notify_one();
    }

    /// Waits until all that was noted before the call is kept: at once when nothing waits. `false` when it never will
    /// be.
    pub(crate) async fn settled(&self) -> bool {
        let due = self.noted.lock().total;
        let mut progress = self.progress.subscribe();
        let reached = progress.wait_for(|progress| progress.closed || progress.kept >= due).await;
        reached.is_ok_and(|progress| progress.kept >= due)
    }

    /// The next entries, oldest first, at least one.
    async fn next(&self) -> Vec<T> {
        loop {
            {
                let waiting = &mut self.noted.lock().waiting;
                if !waiting.is_empty() {
                    let count = waiting.len().min(BATCH);
                    return waiting.drain(..count).collect();
                }
            }
            self.filled.notified().await;
        }
    }

    fn kept(&self, count: usize) {
        self.progress.send_modify(|progress| progress.kept += count as u64);
    }

    fn close(&self) {
        self.progress.send_modify(|progress| progress.closed = true);
    }
}

/// Nothing is kept any more, however the keeper came to its end.
struct Closing<'a>(&'a Backlog<Incomplete>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Keeps receipts in the order in which they were noted, until the connection ends or one cannot be kept.
pub(crate) async fn keep(shared: Arc<Shared>, client: Arc<Client>) {
    let _closing = Closing(&shared.receipts);
    tokio::select! {
        biased;
        () = shared.abandoned.cancelled() => {}
        () = keep_all(&shared, &client) => {}
    }
}

async fn keep_all(shared: &Shared, client: &Client) {
    loop {
        let mut receipts = Vec::new();
        for noted in shared.receipts.next().await {
            receipts.push(noted.complete(client).await);
        }
        for run in runs(receipts) {
            let count = run.len();
            let commits = try_join_all(run.into_iter().map(|receipt| shared.inbox.receipt(receipt)));
            match tokio::time::timeout(shared.limits.receipt, commits).await {
                Ok(Ok(_)) => shared.receipts.kept(count),
                Ok(Err(error)) => return shared.not_kept(&error),
                Err(_) => {
                    shared.dial.cut();
                    return shared.end_now(classify::lost("storage-slow"));
                }
            }
        }
    }
}

/// Divides receipts into runs in which no message occurs twice: a run may be kept all at once and a message is still
/// told as delivered before it is told as read.
fn runs(receipts: Vec<Receipt>) -> Vec<Vec<Receipt>> {
    let mut runs = Vec::new();
    let mut run: Vec<Receipt> = Vec::new();
    let mut seen = HashSet::new();
    for receipt in receipts {
        if receipt.wa_ids.iter().any(|id| seen.contains(id)) {
            runs.push(std::mem::take(&mut run));
            seen.clear();
        }
        seen.extend(receipt.wa_ids.iter().cloned());
        run.push(receipt);
    }
    runs.push(run);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::address::Jid;
    use enlace_domain::message::Status;
    use futures::FutureExt;

    #[tokio::test]
    async fn nothing_waits_while_nothing_is_noted() {
        let backlog = Backlog::<u32>::default();
        assert_eq!(backlog.settled().now_or_never(), Some(true));
    }

    #[tokio::test]
    async fn a_frame_waits_for_what_was_noted_before_it_and_for_no_more() {
        let backlog = Backlog::default();
        for n in 0..2_000_u32 {
            backlog.note(n);
        }
        let mut frame = Box::pin(backlog.settled());
        assert_eq!(frame.as_mut().now_or_never(), None);
        backlog.note(2_000);
        let mut order = Vec::new();
        while order.len() < 2_000 {
            assert_eq!(frame.as_mut().now_or_never(), None, "after {}", order.len());
            let batch = backlog.next().await;
            assert!(batch.len() <= BATCH);
            backlog.kept(batch.len());
            order.extend(batch);
        }
        assert!(frame.await);
        assert!(order.is_sorted());
    }

    #[tokio::test]
    async fn once_closed_a_frame_leaves_only_when_nothing_is_owed() {
        let backlog = Backlog::default();
        backlog.close();
        assert!(backlog.settled().await);
        backlog.note(1);
        assert!(!backlog.settled().await);
    }

    #[test]
    fn a_message_occurs_once_in_a_run_and_order_is_kept() {
        let receipt = |id: &str, status| Receipt {
            wa_ids: vec![id.to_owned()],
            status,
            by: Jid::parse("999100000001").unwrap(),
            at: chrono::Utc::now(),
        };
        let runs = runs(vec![
            receipt("a", Status::Delivered),
            receipt("b", Status::Delivered),
            receipt("a", Status::Read),
            receipt("c", Status::Delivered),
        ]);
        let ids: Vec<Vec<&str>> =
            runs.iter().map(|run| run.iter().map(|receipt| receipt.wa_ids[0].as_str()).collect()).collect();
        assert_eq!(ids, [vec!["a", "b"], vec!["a", "c"]]);
    }
}
