//! How fast WhatsApp is dialled, by all sessions together: so many dials a second, a few more at once after a rest, at
//! irregular intervals. Many sessions that lose their connections together come back one after another, and whoever
//! links a number now goes before them, but for every third turn: however many link, all come back.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A share of the usual interval after which a dial may follow another; on average one.
const LEAST: f64 = 0.5;
const MOST: f64 = 1.5;
/// How many who link may go before one who waits to log in.
const PASS: u32 = 2;

/// The one gate of a network.
pub(crate) struct Pace {
    turns: Mutex<Turns>,
    links: Lane,
    logins: Lane,
    /// Rung when a turn was taken, or somebody waits no longer: the turn may be another lane's now.
    moved: Notify,
}

/// Who waits for one purpose; served in the order they came.
#[derive(Default)]
struct Lane {
    first: tokio::sync::Mutex<()>,
    waiting: AtomicUsize,
}

struct Turns {
    bucket: Bucket,
    /// How many who link went before those who wait to log in, since one of these had a turn.
    passed: u32,
}

impl Pace {
    /// `per_second` dials on average, `burst` at once after a rest.
    pub(crate) fn new(per_second: f64, burst: u32) -> Self {
        let interval = Duration::from_secs_f64(1.0 / per_second.clamp(0.001, 10_000.0));
        let bucket = Bucket { interval, room: interval * burst.saturating_sub(1), full_at: Instant::now() };
        Self {
            turns: Mutex::new(Turns { bucket, passed: 0 }),
            links: Lane::default(),
            logins: Lane::default(),
            moved: Notify::new(),
        }
    }

    /// Returns when it is one's turn. `queued` is called if that is not at once.
    pub(crate) async fn turn(&self, links: bool, queued: impl FnOnce()) {
        let lane = if links { &self.links } else { &self.logins };
        if lane.first.try_lock().is_ok() && self.take(links).is_ok() {
            return;
        }
        queued();
        let _counted = Counted::one_more(&lane.waiting, &self.moved);
        let _first = lane.first.lock().await;
        loop {
            // Listens before it looks, so that nothing that moves in between is missed.
            let moved = self.moved.notified();
            let Err(wait) = self.take(links) else { return };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = moved => {}
            }
        }
    }

    fn take(&self, links: bool) -> Result<(), Duration> {
        let mut turns = self.turns.lock();
        let logins_wait = self.logins.waiting.load(Ordering::Relaxed) > 0;
        let links_wait = self.links.waiting.load(Ordering::Relaxed) > 0;
        let links_go = turns.passed < PASS;
        if (links && logins_wait && !links_go) || (!links && links_wait && links_go) {
            return Err(turns.bucket.interval);
        }
        turns.bucket.take(Instant::now(), rand::random_range(LEAST..MOST))?;
        turns.passed = if links && logins_wait { turns.passed + 1 } else { 0 };
        drop(turns);
        self.moved.notify_waiters();
        Ok(())
    }
}

/// One who waits, for as long as it does.
struct Counted<'a> {
    count: &'a AtomicUsize,
    moved: &'a Notify,
}

impl<'a> Counted<'a> {
    fn one_more(count: &'a AtomicUsize, moved: &'a Notify) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self { count, moved }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.moved.notify_waiters();
    }
}

/// A bucket of turns that fills with time, told by the moment at which it will be full again.
struct Bucket {
    interval: Duration,
    /// How far that moment may lie ahead for one more to be taken.
    room: Duration,
    full_at: Instant,
}

impl Bucket {
    /// Takes a turn, or says when to try again. `share`: of the interval that this turn costs.
    fn take(&mut self, now: Instant, share: f64) -> Result<(), Duration> {
        let debt = self.full_at.saturating_duration_since(now);
        if debt > self.room {
            return Err(debt.saturating_sub(self.room));
        }
        self.full_at = self.full_at.max(now) + self.interval.mul_f64(share);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_at_once_and_then_a_turn_per_interval() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let interval = Duration::from_millis(500);
        let mut bucket = Bucket { interval, room: interval * 4, full_at: start };
        for _ in 0..5 {
            bucket.take(start, 1.0).unwrap();
        }
        assert_eq!(bucket.take(start, 1.0), Err(interval));
        assert_eq!(bucket.take(at(499), 1.0), Err(Duration::from_millis(1)));
        bucket.take(at(500), 1.0).unwrap();
        assert_eq!(bucket.take(at(500), 1.0), Err(interval));
        // After a long rest there are five again, and no more.
        assert_eq!((0..9).filter(|_| bucket.take(at(60_000), 1.0).is_ok()).count(), 5);
    }

    #[test]
    fn pain_17_a_thousand_that_come_at_once_keep_to_the_rate() {
        let start = Instant::now();
        let interval = Duration::from_millis(500);
        let mut bucket = Bucket { interval, room: interval * 4, full_at: start };
        let mut now = start;
        for _ in 0..1000 {
            while let Err(wait) = bucket.take(now, rand::random_range(LEAST..MOST)) {
                now += wait;
            }
        }
        let took = now - start;
        // 995 turns after the burst, each half a second on average.
        assert!(took > Duration::from_secs(450) && took < Duration::from_secs(550), "{took:?}");
    }

    #[tokio::test]
    async fn who_links_goes_before_who_logs_in() {
        let pace = Pace::new(1.0, 10);
        pace.turn(false, || panic!("the first turn is free")).await;
        let links = Counted::one_more(&pace.links.waiting, &pace.moved);
        assert!(pace.take(false).is_err());
        assert!(pace.take(true).is_ok());
        drop(links);
        assert!(pace.take(false).is_ok());
    }

    #[tokio::test]
    async fn pain_17_every_third_turn_is_a_waiting_logins_however_many_link() {
        let pace = Pace::new(1_000.0, 1);
        // Nobody has a turn before all wait.
        pace.turns.lock().bucket.full_at = Instant::now() + Duration::from_millis(200);
        let order = Mutex::new(String::new());
        let (gate, told) = (&pace, &order);
        let turn = move |links: bool| async move {
            gate.turn(links, || {}).await;
            told.lock().push(if links { 'q' } else { 'l' });
        };
        futures::future::join_all((0..40).map(|index| turn(index < 30))).await;
        let order = order.into_inner();
        assert!(order.starts_with("qqlqqlqqlqqlqql"), "{order}");
        assert_eq!(order.len(), 40, "and nobody waits in vain");
    }

    #[tokio::test]
    async fn who_goes_away_holds_nobody_up() {
        let pace = Pace::new(1.0, 10);
        let links = Counted::one_more(&pace.links.waiting, &pace.moved);
        let login = pace.turn(false, || {});
        tokio::pin!(login);
        assert!(futures::poll!(&mut login).is_pending(), "one who links is first");
        drop(links);
        assert!(futures::poll!(&mut login).is_ready(), "at once, not at the next interval");
    }

    #[tokio::test]
    async fn who_comes_later_does_not_overtake() {
        let pace = Pace::new(1_000.0, 10);
        let first = pace.logins.first.lock().await;
        let (tell, told) = tokio::sync::oneshot::channel();
        let later = pace.turn(false, || tell.send(()).unwrap());
        tokio::pin!(later);
        assert!(futures::poll!(&mut later).is_pending(), "though a turn is free");
        told.await.unwrap();
        drop(first);
        later.await;
    }
}
