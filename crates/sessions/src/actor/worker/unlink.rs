//! Unlinking: tell the network if it can be told, wipe the keys, keep the record.

use super::Worker;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::port::store::Change;
use enlace_domain::session::{RemoteUnlink, SessionState, StateName};

impl Worker {
    /// Unlinks and rests in `logged_out`.
    pub(super) async fn unlink(&mut self, reason: &str) {
        let told = self.tell_unlink().await;
        self.close_connection().await;
        self.session.linked = false;
        self.session.expect_phone = None;
        self.first_login = false;
        self.unwelcome = false;
        let state = SessionState {
            remote_unlink: Some(told),
            ..SessionState::plain(StateName::LoggedOut, self.now()).because(reason)
        };
        let wipe = Change::WipeKeys(self.session.id.clone());
        self.change_state_with(vec![wipe], vec![], state).await;
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
        if !matches!(self.session.state.name, StateName::Online | StateName::Stalled)
            && !self.wait_logged_in().await
        {
            return false;
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
    async fn wait_logged_in(&mut self) -> bool {
        if self.live.is_none() {
            self.dial_at = None;
            self.open(true).await;
        }
        loop {
            let Some(live) = &mut self.live else { return false };
            match live.words.recv().await {
                Some(ConnectionEvent::LoggedIn | ConnectionEvent::Online { .. }) => return true,
                // A phone has just accepted: the login is on the next connection.
                Some(ConnectionEvent::Ended(EndReason::RestartRequired)) => {
                    self.live = None;
                    self.open(true).await;
                }
                Some(ConnectionEvent::Ended(_)) | None => {
                    self.live = None;
                    return false;
                }
                Some(_) => {}
            }
        }
    }
}
