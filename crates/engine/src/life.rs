//! The life of one connection, from the dial to `Ended`, and nothing after it.

use crate::config::ClientVersion;
use crate::durability;
use crate::presence;
use crate::queue::Item;
use crate::runtime::ConnectionRuntime;
use crate::shared::Shared;
use crate::way::Way;
use crate::{classify, decode, forget};
use enlace_domain::address::Server;
use enlace_domain::port::{ConnectionEvent, EndReason};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wacore::store::{DeviceCommand, DevicePropsOverride};
use whatsapp_rust::store::Device;
use whatsapp_rust::store::commands::apply_command_to_device;
use whatsapp_rust::{Client, RawNodeLease};

/// How long the library's tasks may take to notice that they ended.
const TASKS: Duration = Duration::from_secs(5);
/// How long taking the presence back may hold `Online` up.
const PRESENCE: Duration = Duration::from_secs(2);

/// Whatever becomes of a life, nobody waits for its end in vain.
struct Over {
    runtime: Arc<ConnectionRuntime>,
    shared: Arc<Shared>,
}

impl Drop for Over {
    fn drop(&mut self) {
        self.runtime.stop();
        self.shared.ended.cancel();
    }
}

/// What lives.
pub(crate) struct Life {
    /// The library's client.
    pub(crate) client: Arc<Client>,
    /// Its tasks.
    pub(crate) runtime: Arc<ConnectionRuntime>,
    /// The common ground.
    pub(crate) shared: Arc<Shared>,
    /// Whether it began with a linked device.
    pub(crate) linked: bool,
    /// What the device says of itself.
    pub(crate) companion: DevicePropsOverride,
    /// What comes before the dial.
    pub(crate) way: Way,
    /// While held, the library shows every stanza.
    pub(crate) stanzas: RawNodeLease,
}

impl Life {
    /// Lives it. Returns when every task is gone and the inbox has heard of the end.
    pub(crate) async fn run(self) {
        let _over = Over { runtime: self.runtime.clone(), shared: self.shared.clone() };
        futures::join!(self.connect_and_end(), self.narrate());
        drop(self.stanzas);
    }

    async fn connect_and_end(&self) {
        let shared = &self.shared;
        let told = if let Some(version) = self.wait_for_turn().await {
            if AssertUnwindSafe(self.connect()).catch_unwind().await.is_err() {
                shared.ends(classify::lost("engine-failed"));
                self.runtime.end(TASKS).await;
            }
            Some(version)
        } else {
            self.clear_up().await;
            None
        };
        let mut verdict = self.verdict();
        if let (EndReason::VersionRefused, Some(version)) = (&verdict, told) {
            tokio::select! {
                // Whoever closes it wants no other dial.
                () = shared.closing.cancelled() => {}
                another = self.way.refused(version) => if another {
                    verdict = classify::lost("version-refreshed");
                },
            }
        }
        shared.queue.close(ConnectionEvent::Ended(verdict));
        shared.ended.cancel();
    }

    /// Returns when it may be dialled, with the version that is told; `None` if nobody wants it any more.
    async fn wait_for_turn(&self) -> Option<ClientVersion> {
        let shared = &self.shared;
        let queued = AtomicBool::new(false);
        let way = self.way.clear(|| {
            queued.store(true, Ordering::Relaxed);
            shared.tell(ConnectionEvent::Queued);
        });
        let version = tokio::select! {
            version = way => version,
            () = shared.abandoned.cancelled() => return None,
        };
        if queued.load(Ordering::Relaxed) {
            shared.tell(ConnectionEvent::Dialling);
        }
        // The library takes a version that was set just now for one that it looked up itself. Both in one change, because
        // each change is a write, and the first QR waits behind it for the disk.
        let ClientVersion(major, minor, revision) = version;
        let companion = DeviceCommand::SetDeviceProps(self.companion.clone());
        let commands = [companion, DeviceCommand::SetAppVersion((major, minor, revision))];
        let set = |device: &mut Device| {
            for command in commands {
                apply_command_to_device(device, command);
            }
        };
        self.client.persistence_manager().modify_device(set).await;
        Some(version)
    }

    /// Runs the library until the connection is over, then clears up.
    async fn connect(&self) {
        let shared = &self.shared;
        tokio::select! {
            ran = AssertUnwindSafe(self.client.run()).catch_unwind() => {
                if ran.is_err() {
                    shared.ends(classify::lost("engine-failed"));
                }
            }
            () = shared.panicked.cancelled() => shared.ends(classify::lost("engine-failed")),
            () = shared.abandoned.cancelled() => {}
        }
        self.clear_up().await;
        self.tell_missed_pairing();
    }

    async fn clear_up(&self) {
        let shared = &self.shared;
        // Also after the library ended by itself: its device row and secrets are written here.
        let flushed = AssertUnwindSafe(self.client.disconnect()).catch_unwind();
        match tokio::time::timeout(shared.limits.close, flushed).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                tracing::error!(session = %shared.session, "the WhatsApp library panicked while closing");
            }
            Err(_) => {
                tracing::warn!(session = %shared.session, "closing took too long; what was unsaved is lost");
            }
        }
        self.runtime.end(TASKS).await;
    }

    /// A 515 on the heels of the pairing can end the library's run before it told that the phone accepted.
    fn tell_missed_pairing(&self) {
        let device = self.client.persistence_manager().get_device_snapshot();
        if self.linked || device.account.is_none() || self.shared.paired.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(phone) = device.pn.as_ref().and_then(decode::person::jid).and_then(|jid| jid.to_phone())
        else {
            return;
        };
        let lid = device.lid.as_ref().and_then(decode::person::jid).filter(|lid| lid.server() == Server::Lid);
        self.shared.tell(ConnectionEvent::Paired { phone, lid, business_name: None });
    }

    fn verdict(&self) -> EndReason {
        let shared = &self.shared;
        if let Some(reason) = shared.end() {
            return reason;
        }
        if let Some(reason) = shared.dial.failure() {
            return classify::lost(reason);
        }
        if !self.linked && shared.paired.load(Ordering::Acquire) {
            return EndReason::RestartRequired;
        }
        // The library hangs up without a word when its keepalive goes unanswered.
        classify::lost("no-answer")
    }

    /// Tells the inbox what waits, in order, up to and with the end. A happening at which the inbox panics ends the
    /// connection; what follows is told all the same.
    async fn narrate(&self) {
        while AssertUnwindSafe(self.narrate_rest()).catch_unwind().await.is_err() {
            tracing::error!(session = %self.shared.session, "telling the session panicked; the connection ends");
            self.shared.end_now(classify::lost("engine-failed"));
        }
    }

    async fn narrate_rest(&self) {
        while let Some(item) = self.shared.queue.pop().await {
            match item {
                Item::Event(event) => self.tell(event).await,
                Item::Messages(batch) => {
                    // The library acknowledged these by itself; nothing can be held back.
                    if let Err(error) = durability::deliver(&self.shared, &self.client, &batch).await {
                        tracing::warn!(session = %self.shared.session, %error, "messages were lost");
                    }
                }
            }
        }
    }

    async fn tell(&self, mut event: ConnectionEvent) {
        match &event {
            ConnectionEvent::Paired { .. } => {
                if let Err(unkept) = self.keep_credentials().await {
                    event = unkept;
                    self.shared.end_now(classify::lost("storage-failed"));
                }
            }
            // Nobody gets as far with a version that the network refuses.
            ConnectionEvent::Qr { .. } | ConnectionEvent::LoggedIn => self.way.taken(),
            ConnectionEvent::Online { .. } if !self.shared.mark_online => {
                // A slow socket must not hold up the news.
                drop(tokio::time::timeout(PRESENCE, presence::withdraw(&self.client)).await);
            }
            _ => {}
        }
        self.shared.inbox.connection(event).await;
    }

    /// Writes the credentials, which the library would do a while later.
    ///
    /// It takes a business's name for the account's own name, and an account with a name for one whose first state
    /// sync was done. That sync is due on the next connection, which is another client; so the name is taken out.
    ///
    /// The phone has its answer by now and lists the device; where the credentials can't be kept, they are what is told,
    /// so that the network can hear of it.
    async fn keep_credentials(&self) -> Result<(), ConnectionEvent> {
        let store = self.client.persistence_manager();
        if !store.get_device_snapshot().push_name.is_empty() {
            store.process_command(DeviceCommand::SetPushName(String::new())).await;
        }
        // Written here and not by the library's `flush`: that returns at once while the background saver is in the middle
        // of writing, and a crash then finds a session that was told of its link beside keys that know of none.
        let device = store.get_device_snapshot().to_serializable();
        let Err(error) = store.backend().save(&device).await else { return Ok(()) };
        tracing::error!(session = %self.shared.session, %error, "the new credentials could not be stored");
        Err(match forget::written(&device) {
            Ok(keys) => ConnectionEvent::PairedUnkept { keys },
            Err(_) => ConnectionEvent::PairFailed { reason: "storage-failed".to_owned(), lives_on: false },
        })
    }
}
