//! The pairing code of the link under way: asked for beside the QRs, renewed with the same characters when its
//! connection is lost.

use super::Worker;
use crate::actor::events;
use crate::actor::message::{News, Reply};
use crate::error::GatewayError;
use crate::ops::link::Outcome;
use chrono::TimeDelta;
use enlace_domain::address::PhoneNumber;
use enlace_domain::link::PairingCode;
use enlace_domain::port::whatsapp::{EngineError, IssuedCode};
use enlace_domain::session::ask::LiveCode;
use enlace_domain::session::{SessionState, StateName};
use secrecy::SecretString;
use std::sync::Arc;
use tokio::time::Instant;

/// A code that is wanted, asked for, or live.
pub(super) struct CodeWish {
    phone: PhoneNumber,
    /// The characters to ask for: the user's own, or those of the code to renew.
    characters: Option<SecretString>,
    pub(super) live: Option<Arc<PairingCode>>,
    /// When the live code ends.
    pub(super) ends_at: Option<Instant>,
    /// On which connection the network was asked and has not answered.
    asked_on: Option<u64>,
    /// On which connection the network accepted the live code.
    accepted_on: Option<u64>,
    pub(super) waiters: Vec<Reply<Outcome>>,
}

impl CodeWish {
    /// Whether a code is live or on its way.
    pub(super) fn is_open(&self) -> bool {
        self.live.is_some() || self.asked_on.is_some()
    }
}

impl Worker {
    /// How the live code looks to a request for `phone`.
    pub(super) fn live_code(&self, phone: Option<&PhoneNumber>) -> LiveCode {
        let wish = self.link.as_ref().and_then(|flow| flow.code.as_ref());
        match (wish, phone) {
            (None, _) => LiveCode::None,
            (Some(wish), Some(phone)) if wish.phone != *phone => LiveCode::OtherPhone,
            (Some(_), _) => LiveCode::SamePhone,
        }
    }

    /// Wants a code for `phone`: a live one for it is given again, one for another number is replaced.
    pub(super) fn want_code(
        &mut self,
        phone: PhoneNumber,
        custom: Option<SecretString>,
        reply: Option<Reply<Outcome>>,
    ) {
        let now = self.now();
        let Some(flow) = &mut self.link else { return };
        let earlier = flow.code.take();
        let mut wish = match earlier {
            Some(wish) if wish.phone == phone => wish,
            earlier => {
                for waiter in earlier.map(|wish| wish.waiters).unwrap_or_default() {
                    let _ = waiter.send(Err(GatewayError::Interrupted));
                }
                CodeWish {
                    phone,
                    characters: custom,
                    live: None,
                    ends_at: None,
                    asked_on: None,
                    accepted_on: None,
                    waiters: Vec::new(),
                }
            }
        };
        if let Some(reply) = reply {
            match wish.live.clone().filter(|code| code.expires_at > now) {
                Some(code) => drop(reply.send(Ok(Outcome::Code(code)))),
                None => wish.waiters.push(reply),
            }
        }
        flow.code = Some(wish);
    }

    /// Asks the network for the wanted code on the present connection, once.
    pub(super) fn request_code(&mut self) {
        let opened = self.opened;
        let Some(live) = &self.live else { return };
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.as_mut()) else { return };
        if wish.asked_on == Some(opened) || wish.accepted_on == Some(opened) {
            return;
        }
        wish.asked_on = Some(opened);
        let connection = Arc::clone(&live.connection);
        let phone = wish.phone.clone();
        let characters = wish.characters.clone();
        let tell = self.tell.clone();
        tokio::spawn(async move {
            connection.cancel_code().await;
            let result = connection.request_code(&phone, characters.as_ref()).await;
            let _ = tell.send(News::Code { opened, result });
        });
    }

    /// The network answered.
    pub(super) async fn on_code(&mut self, opened: u64, result: Result<IssuedCode, EngineError>) {
        let now = self.now();
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.as_mut()) else { return };
        if wish.asked_on != Some(opened) {
            return;
        }
        wish.asked_on = None;
        let issued = match result {
            Ok(issued) => issued,
            // The connection went first: the code is asked for again on the next one.
            Err(EngineError::Ended) => return,
            Err(error) => return self.on_code_refused(error).await,
        };
        let renewed = wish.live.is_some();
        if !renewed {
            self.session.code_count += 1;
        }
        let code = Arc::new(PairingCode {
            seq: self.session.code_count,
            code: issued.code.clone(),
            phone: wish.phone.clone(),
            issued_at: now,
            expires_at: now + TimeDelta::from_std(issued.valid_for).unwrap_or_default(),
        });
        wish.characters = Some(issued.code);
        wish.accepted_on = Some(opened);
        wish.live = Some(Arc::clone(&code));
        wish.ends_at = Some(Instant::now() + issued.valid_for);
        for waiter in wish.waiters.drain(..) {
            let _ = waiter.send(Ok(Outcome::Code(Arc::clone(&code))));
        }
        let tell = vec![events::code_issued(&self.session.id, &code, self.session.round_count, renewed)];
        self.change_state_with(vec![], tell, SessionState::plain(StateName::AwaitingCode, now)).await;
    }

    async fn on_code_refused(&mut self, error: EngineError) {
        let reason = match &error {
            EngineError::CodeRefused { reason, .. } => reason.clone(),
            other => enlace_domain::Fault::code(other).to_owned(),
        };
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.as_mut()) else { return };
        let mut waiters = std::mem::take(&mut wish.waiters).into_iter();
        if let Some(first) = waiters.next() {
            let _ = first.send(Err(error.into()));
        }
        for waiter in waiters {
            let again = EngineError::CodeRefused { reason: reason.clone(), retry_after: None };
            let _ = waiter.send(Err(again.into()));
        }
        self.on_code_dead(&reason).await;
    }

    /// The network says that the code is dead.
    pub(super) async fn on_code_dead(&mut self, reason: &str) {
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.take()) else { return };
        for waiter in wish.waiters {
            let refused = EngineError::CodeRefused { reason: reason.to_owned(), retry_after: None };
            let _ = waiter.send(Err(refused.into()));
        }
        if let Some(code) = wish.live {
            let dead = events::code_dead(&self.session.id, code.seq, reason, self.now());
            self.save(vec![dead]).await;
        }
        self.after_code().await;
    }

    /// The code's time is over.
    pub(super) async fn on_code_expired(&mut self) {
        if let Some(live) = &self.live {
            live.connection.cancel_code().await;
        }
        self.on_code_dead("expired").await;
    }
}
