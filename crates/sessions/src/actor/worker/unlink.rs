//! Unlinking: tell the network if it can be told, wipe the keys, keep the record. If it can't, what the device logs in with
//! is kept apart, and `crate::unlinker` tells the network later.

use super::Worker;
use crate::error::LinkFailure;
use enlace_domain::id::RetiredId;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::port::store::Change;
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::{RemoteUnlink, SessionState, StateName};
use secrecy::SecretString;

/// What came of a login for the unlinking alone.
enum Login {
    Done,
    /// The network does not know the device any more.
    Unknown,
    Failed,
}

impl Worker {
    /// Unlinks and rests in `logged_out`.
    pub(super) async fn unlink(&mut self, reason: &str) {
        let mut told = self.tell_unlink().await;
        self.close_connection().await;
        let mut changes = Vec::new();
        if told == RemoteUnlink::Pending {
            changes.extend(self.retire_device().await);
            told = if changes.is_empty() { RemoteUnlink::GivenUp } else { RemoteUnlink::Pending };
        }
        if self.session.state.remote_unlink == Some(RemoteUnlink::Pending) {
            // An earlier device still waits for its turn.
            told = RemoteUnlink::Pending;
        }
        self.session.linked = false;
        self.first_login = false;
        self.unwelcome = false;
        let state = SessionState {
            remote_unlink: Some(told),
            ..SessionState::plain(StateName::LoggedOut, self.now()).because(reason)
        };
        changes.push(Change::WipeKeys(self.session.id.clone()));
        self.change_state_with(changes, vec![], state).await;
    }

    /// A phone lists this device, and its credentials could not be stored: the link is lost, and the network is told of
    /// it as soon as anything can be stored.
    pub(super) async fn on_paired_unkept(&mut self, keys: SecretString) {
        self.drop_link(&LinkFailure::Storage { full: false });
        self.close_connection().await;
        let retire = Change::RetireDevice(Box::new(self.retired(keys)));
        let state = SessionState {
            remote_unlink: Some(RemoteUnlink::Pending),
            ..SessionState::plain(StateName::LinkExpired, self.now()).because("storage-failed")
        };
        self.change_state_with(vec![retire], vec![], state).await;
    }

    /// Keeps what the device logs in with, so that the network can be told later. None when there is nothing to keep.
    pub(super) async fn retire_device(&self) -> Option<Change> {
        let session = &self.session.id;
        let keys = self.parts().whatsapp.device_keys(session).await.unwrap_or_else(|error| {
            tracing::error!(%session, %error, "the keys of an unlinked device cannot be read");
            None
        })?;
        Some(Change::RetireDevice(Box::new(self.retired(keys))))
    }

    fn retired(&self, keys: SecretString) -> RetiredDevice {
        RetiredDevice {
            id: RetiredId::random(),
            session: self.session.id.clone(),
            network: self.session.network,
            proxy: self.session.proxy.clone(),
            keys,
            since: self.now(),
        }
    }

    /// A retired device needs no telling any more.
    pub(super) async fn on_told(&mut self, device: RetiredId, outcome: RemoteUnlink, last: bool) {
        let mut state = self.session.state.clone();
        if last && state.remote_unlink == Some(RemoteUnlink::Pending) {
            state.remote_unlink = Some(outcome);
        }
        self.change_state_with(vec![Change::ForgetDevice(device)], vec![], state).await;
    }

    /// Tells the network to forget this device, logging in for it when need be, within the configured time.
    pub(super) async fn tell_unlink(&mut self) -> RemoteUnlink {
        let within = self.parts().config.unlink_within;
        match tokio::time::timeout(within, self.try_unlink()).await {
            Ok(true) => RemoteUnlink::Done,
            Ok(false) | Err(_) => RemoteUnlink::Pending,
        }
    }

    async fn try_unlink(&mut self) -> bool {
        if !self.live.as_ref().is_some_and(|live| live.logged_in) {
            match self.wait_logged_in().await {
                Login::Done => {}
                Login::Unknown => return true,
                Login::Failed => return false,
            }
        }
        let Some(live) = &self.live else { return false };
        match live.connection.logout().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(session = %self.session.id, %error, "the network could not be told of an unlinking");
                false
            }
        }
    }

    /// Logs in for the unlinking alone; what else the connection tells meanwhile is no longer of interest.
    async fn wait_logged_in(&mut self) -> Login {
        if self.live.is_none() {
            self.dial_at = None;
            self.open(true).await;
        }
        loop {
            let Some(live) = &mut self.live else { return Login::Failed };
            let ended = match live.words.recv().await {
                Some(ConnectionEvent::LoggedIn | ConnectionEvent::Online { .. }) => return Login::Done,
                Some(ConnectionEvent::Ended(reason)) => Some(reason),
                Some(_) => continue,
                None => None,
            };
            self.live = None;
            match ended {
                // A phone has just accepted: the login is on the next connection.
                Some(EndReason::RestartRequired) => self.open(true).await,
                Some(EndReason::LoggedOut { .. }) => return Login::Unknown,
                _ => return Login::Failed,
            }
        }
    }
}
