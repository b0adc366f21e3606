//! Tells the network of unlinkings that it could not be told of when they were made: one device after the other, again
//! and again with growing pauses, also after a restart and after the session is gone. It is given up when that took too
//! long by the clock and was tried often enough: a clock can be wrong, and with the keys goes the last way to tell.

use crate::actor::message::Ask;
use crate::error::GatewayError;
use crate::gateway::GatewayParts;
use crate::registry::Registry;
use chrono::TimeDelta;
use enlace_domain::id::RetiredId;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::port::whatsapp::OpenRequest;
use enlace_domain::proxy::Proxy;
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::RemoteUnlink;
use rand::RngExt;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often this process must have tried a device in vain before its keys may go: with the usual pauses, for more than
/// an hour.
const TRIES: u32 = 10;

/// When a device is tried next.
struct Plan {
    at: Instant,
    /// How often it was tried.
    tries: u32,
}

/// The one task that tells.
pub(crate) struct Unlinker {
    parts: Arc<GatewayParts>,
    registry: Weak<Registry>,
    /// Rung when a device was retired.
    retired: Arc<Notify>,
    plans: HashMap<RetiredId, Plan>,
}

impl Unlinker {
    pub(crate) fn new(parts: Arc<GatewayParts>, registry: Weak<Registry>, retired: Arc<Notify>) -> Self {
        Self { parts, registry, retired, plans: HashMap::new() }
    }

    /// Runs until the gateway stops.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow_up() => {}
        }
    }

    async fn follow_up(&mut self) {
        loop {
            match self.parts.store.retired_devices().await {
                Ok(devices) => self.wait_and_try(&devices).await,
                Err(error) => {
                    tracing::error!(%error, "the devices that the network must be told of cannot be read");
                    tokio::time::sleep(self.parts.config.unlink_retry_first).await;
                }
            }
        }
    }

    /// Waits until a device is due or another one comes, and tries those that are due.
    async fn wait_and_try(&mut self, devices: &[RetiredDevice]) {
        self.plan(devices);
        let next = self.plans.values().map(|plan| plan.at).min();
        tokio::select! {
            () = self.retired.notified() => {}
            () = sleep_until(next) => {}
        }
        for device in devices {
            if self.plans.get(&device.id).is_some_and(|plan| plan.at <= Instant::now()) {
                self.try_once(device, devices).await;
            }
        }
    }

    fn plan(&mut self, devices: &[RetiredDevice]) {
        self.plans.retain(|id, _| devices.iter().any(|device| device.id == *id));
        for device in devices {
            let at = Instant::now() + self.parts.config.unlink_retry_first;
            self.plans.entry(device.id.clone()).or_insert(Plan { at, tries: 0 });
        }
    }

    async fn try_once(&mut self, device: &RetiredDevice, devices: &[RetiredDevice]) {
        let told = self.tell_network(device).await;
        if let Some(plan) = self.plans.get_mut(&device.id) {
            plan.tries = plan.tries.saturating_add(1);
        }
        let settled = match told.or_else(|| self.gives_up(device)) {
            Some(outcome) => self.settle(device, outcome, devices).await,
            None => false,
        };
        if settled {
            self.plans.remove(&device.id);
        } else if let Some(plan) = self.plans.get_mut(&device.id) {
            let config = &self.parts.config;
            let doubled = config.unlink_retry_first.saturating_mul(2_u32.saturating_pow(plan.tries.min(16)));
            let pause = doubled.min(config.unlink_retry_max).mul_f64(rand::rng().random_range(0.8..1.2));
            plan.at = Instant::now() + pause;
        }
    }

    fn gives_up(&self, device: &RetiredDevice) -> Option<RemoteUnlink> {
        let age = self.parts.clock.now() - device.since;
        let most = TimeDelta::from_std(self.parts.config.unlink_given_up_after);
        let is_old = most.is_ok_and(|most| age > most);
        let is_tried = self.plans.get(&device.id).is_some_and(|plan| plan.tries >= TRIES);
        if !(is_old && is_tried) {
            return None;
        }
        tracing::warn!(session = %device.session, "the network was never told of an unlinking; that is given up");
        Some(RemoteUnlink::GivenUp)
    }

    /// What its session's connections go through now; without the session, what they went through last. A new session of
    /// the same name is another one.
    fn proxy(&self, device: &RetiredDevice) -> Option<Proxy> {
        let handle = self.registry.upgrade().and_then(|registry| registry.handle(&device.session).ok());
        let session = handle.map(|handle| handle.snapshot().session);
        match session.filter(|session| session.created_at < device.since) {
            Some(session) => session.proxy.clone(),
            None => device.proxy.clone(),
        }
    }

    /// What came of it, if that is known now.
    async fn tell_network(&self, device: &RetiredDevice) -> Option<RemoteUnlink> {
        if !self.parts.whatsapp.offers(device.network) {
            return None;
        }
        let request = OpenRequest {
            session: device.session.clone(),
            network: device.network,
            linked: true,
            mark_online: false,
            proxy: self.proxy(device),
        };
        match self.parts.whatsapp.forget_device(request, &device.keys).await {
            Ok(()) => {
                tracing::info!(session = %device.session, "the network was told of an earlier unlinking");
                Some(RemoteUnlink::Done)
            }
            Err(error) => {
                tracing::info!(session = %device.session, %error, "the network could not be told of an unlinking yet");
                None
            }
        }
    }

    /// Drops what was kept, and lets the session tell of it, if it is still there. Says whether that was stored.
    async fn settle(&self, device: &RetiredDevice, outcome: RemoteUnlink, devices: &[RetiredDevice]) -> bool {
        let waits = |other: &RetiredDevice| {
            other.session == device.session && other.id != device.id && self.plans.contains_key(&other.id)
        };
        let last = !devices.iter().any(waits);
        let handle = self.registry.upgrade().and_then(|registry| registry.handle(&device.session).ok());
        let id = device.id.clone();
        let stored = if let Some(handle) = handle {
            handle.ask(|reply| Ask::Told { device: id, outcome, last, reply }).await
        } else {
            let forget = Entry { change: Change::ForgetDevice(id), event: None };
            self.parts.store.commit(vec![forget]).await.map(drop).map_err(GatewayError::from)
        };
        if let Err(error) = &stored {
            tracing::warn!(session = %device.session, %error, "the end of an unlinking could not be stored");
        }
        stored.is_ok()
    }
}

async fn sleep_until(next: Option<Instant>) {
    match next {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
