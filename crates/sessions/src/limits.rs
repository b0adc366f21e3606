//! How often may be asked: so many times a minute by each key, about each session, and in vain from each address.

use crate::config::Limits;
use enlace_domain::id::{KeyId, SessionId};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Beyond so many, those are forgotten that have asked for nothing lately.
const KNOWN_MAX: usize = 10_000;

/// See the module.
pub(crate) struct Limiter {
    pub(crate) keys: Buckets<KeyId>,
    pub(crate) sessions: Buckets<SessionId>,
    pub(crate) links: Buckets<SessionId>,
    /// Wrong keys, by where they come from.
    refusals: Buckets<IpAddr>,
    /// Records of them: one in ten minutes for each, one a minute for all, so that the audit log keeps what matters.
    records: Buckets<IpAddr>,
    all_records: Buckets<()>,
}

/// What became of a refusal.
pub(crate) struct Refusal {
    /// Seconds until the next wrong key is looked at, when there were too many.
    pub(crate) retry_after: Option<u64>,
    /// Whether the audit log shall tell of it.
    pub(crate) record: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            keys: Buckets::new(limits.key_per_minute),
            sessions: Buckets::new(limits.session_per_minute),
            links: Buckets::new(limits.link_per_minute),
            refusals: Buckets::new(limits.refused_per_minute),
            records: Buckets { size: 1.0, per_second: 1.0 / 600.0, known: Mutex::default() },
            all_records: Buckets { size: 20.0, per_second: 1.0 / 60.0, known: Mutex::default() },
        }
    }

    /// Counts a wrong key.
    pub(crate) fn refused(&self, from: IpAddr, now: Instant) -> Refusal {
        let from = neighbourhood(from);
        let Err(seconds) = self.refusals.take(&from, now) else {
            return Refusal { retry_after: None, record: false };
        };
        let record = self.records.take(&from, now).is_ok() && self.all_records.take(&(), now).is_ok();
        Refusal { retry_after: Some(seconds), record }
    }
}

/// Whoever has one address of IPv6 has 2^64 of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// A bucket of permissions for each: full at first, one is taken for each ask, and they come back evenly.
pub(crate) struct Buckets<K> {
    /// 0 is no limit.
    size: f64,
    per_second: f64,
    known: Mutex<HashMap<K, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        let size = f64::from(per_minute);
        Self { size, per_second: size / 60.0, known: Mutex::default() }
    }

    /// Takes one; else the seconds until there is one again.
    pub(crate) fn take(&self, who: &K, now: Instant) -> Result<(), u64> {
        if self.size < 1.0 {
            return Ok(());
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains_key(who) {
            known.retain(|_, bucket| self.filled(bucket, now) < self.size);
        }
        let bucket = known.entry(who.clone()).or_insert(Bucket { left: self.size, at: now });
        bucket.left = self.filled(bucket, now);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let wait = std::time::Duration::from_secs_f64((1.0 - bucket.left) / self.per_second);
        Err(wait.as_secs() + 1)
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + passed * self.per_second).min(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn so_many_a_minute_are_let_through_and_come_back_evenly() {
        let (buckets, start) = (Buckets::new(60), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!((0..60).all(|_| buckets.take(&"a", start).is_ok()));
        assert_eq!(buckets.take(&"a", start), Err(2));
        assert_eq!(buckets.take(&"b", start), Ok(()), "each has its own");
        assert_eq!((buckets.take(&"a", at(1)), buckets.take(&"a", at(1))), (Ok(()), Err(2)));
        assert!((0..60).all(|_| buckets.take(&"a", at(1_000)).is_ok()));
        assert!(buckets.take(&"a", at(1_000)).is_err(), "no more than a bucket is saved up");
    }

    #[test]
    fn zero_is_no_limit() {
        let buckets = Buckets::new(0);
        assert!((0..100_000).all(|_| buckets.take(&"a", Instant::now()).is_ok()));
    }

    #[test]
    fn refusals_are_counted_by_neighbourhood_and_told_once_in_a_while() {
        let limiter = Limiter::new(&Limits { refused_per_minute: 2, ..Limits::default() });
        let now = Instant::now();
        let from = |text: &str| limiter.refused(text.parse().unwrap(), now);
        assert!(from("2001:db8::1").retry_after.is_none() && from("2001:db8::2").retry_after.is_none());
        let third = from("2001:db8::3");
        assert!(third.retry_after.is_some() && third.record);
        let fourth = from("2001:db8::4");
        assert!(fourth.retry_after.is_some() && !fourth.record);
        assert!(from("203.0.113.7").retry_after.is_none());
    }
}
