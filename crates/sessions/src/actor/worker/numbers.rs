//! Questions to the network about numbers. They wait for it, so they never hold up the session: whoever asked is answered
//! from a task of its own.

use super::Worker;
use crate::actor::message::Reply;
use crate::error::GatewayError;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::whatsapp::NumberCheck;
use enlace_domain::session::StateName;
use std::sync::Arc;

impl Worker {
    /// Asks which numbers have WhatsApp.
    pub(super) fn check_numbers(&self, numbers: Vec<PhoneNumber>, reply: Reply<Vec<NumberCheck>>) {
        let state = self.session.state.name;
        let Some(live) = self.live.as_ref().filter(|_| state == StateName::Online) else {
            let _ = reply.send(Err(GatewayError::Offline(state)));
            return;
        };
        let connection = Arc::clone(&live.connection);
        tokio::spawn(async move {
            let checked = connection.check_numbers(&numbers).await;
            let _ = reply.send(checked.map_err(Into::into));
        });
    }
}
