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
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What a network says of a number that it does not know, or not in this form. (A `bad-request` can also mean that the
/// number asks too often: then the other form, which is unknown, gets no other answer.)
const UNKNOWN: [&str; 3] = ["unknown-number", "bad-request", "400"];

/// How long the same characters are asked for again after lost connections: as long as somebody may still sit there.
const RENEWED_FOR: Duration = Duration::from_mins(10);

/// A code that is wanted, asked for, or live.
pub(super) struct CodeWish {
    /// The form of the number that the network is asked with.
    phone: PhoneNumber,
    /// The form it was asked with before, and refused.
    refused: Option<PhoneNumber>,
    /// The characters to ask for: the user's own, or those of the code to renew.
    characters: Option<SecretString>,
    pub(super) live: Option<Arc<PairingCode>>,
    /// When the live code ends.
    pub(super) ends_at: Option<Instant>,
    /// When a code of these characters was first live.
    born: Option<Instant>,
    /// On which connection the network was asked last.
    asked_on: Option<u64>,
    /// The request that is not answered yet.
    request: Option<u64>,
    pub(super) waiters: Vec<Reply<Outcome>>,
}

impl CodeWish {
    /// Whether it is a code for this number, also in the form that was refused.
    fn is_for(&self, phone: &PhoneNumber) -> bool {
        self.phone == *phone || self.refused.as_ref() == Some(phone)
    }

    /// Whether a request for `phone` with these characters is one for this code.
    fn serves(&self, phone: &PhoneNumber, custom: Option<&SecretString>) -> bool {
        let same = |custom: &SecretString| {
            self.characters.as_ref().is_some_and(|known| known.expose_secret() == custom.expose_secret())
        };
        self.is_for(phone) && custom.is_none_or(same)
    }

    /// Whether a code is live or on its way.
    pub(super) fn is_open(&self) -> bool {
        self.live.is_some() || self.request.is_some()
    }
}

impl Worker {
    /// How the live code looks to a request for `phone`.
    pub(super) fn live_code(&self, phone: Option<&PhoneNumber>) -> LiveCode {
        let wish = self.link.as_ref().and_then(|flow| flow.code.as_ref());
        match (wish, phone) {
            (None, _) => LiveCode::None,
            (Some(wish), Some(phone)) if !wish.is_for(phone) => LiveCode::OtherPhone,
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
        let mut wish = match flow.code.take() {
            Some(wish) if wish.serves(&phone, custom.as_ref()) => wish,
            earlier => {
                if let Some(earlier) = earlier {
                    for waiter in self.bury(earlier, "code-replaced") {
                        let _ = waiter.send(Err(GatewayError::CodeReplaced));
                    }
                }
                CodeWish {
                    phone,
                    refused: None,
                    characters: custom,
                    live: None,
                    ends_at: None,
                    born: None,
                    asked_on: None,
                    request: None,
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
        if let Some(flow) = &mut self.link {
            flow.code = Some(wish);
        }
    }

    /// Says that a live code is dead, and gives back those who waited for it.
    pub(super) fn bury(&mut self, wish: CodeWish, reason: &str) -> Vec<Reply<Outcome>> {
        if let Some(code) = wish.live {
            let round = self.session.round_count;
            self.also_tell(events::code_dead(&self.session.id, code.seq, round, reason, self.now()));
        }
        wish.waiters
    }

    /// Asks the network for the wanted code on the present connection, once.
    pub(super) fn request_code(&mut self) {
        let opened = self.opened;
        let Some(live) = &self.live else { return };
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.as_mut()) else { return };
        if wish.asked_on == Some(opened) {
            return;
        }
        self.codes_asked += 1;
        let request = self.codes_asked;
        wish.asked_on = Some(opened);
        wish.request = Some(request);
        let connection = Arc::clone(&live.connection);
        let phone = wish.phone.clone();
        let characters = wish.characters.clone();
        let tell = self.tell.clone();
        let earlier = self.code_task.take();
        self.code_task = Some(tokio::spawn(async move {
            connection.cancel_code().await;
            if let Some(earlier) = earlier {
                // A network knows one code at a time: the replaced request must have ended before this one begins.
                let _ = earlier.await;
                connection.cancel_code().await;
            }
            let result = connection.request_code(&phone, characters.as_ref()).await;
            let _ = tell.send(News::Code { request, result });
        }));
    }

    /// The network answered.
    pub(super) async fn on_code(&mut self, request: u64, result: Result<IssuedCode, EngineError>) {
        let now = self.now();
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.as_mut()) else { return };
        if wish.request != Some(request) {
            return;
        }
        wish.request = None;
        let issued = match result {
            Ok(issued) => issued,
            // The connection went first: the code is asked for again on the next one.
            Err(EngineError::Ended | EngineError::Unreachable { .. }) => return,
            Err(EngineError::CodeRefused { reason, .. }) if self.try_other_form(&reason) => return,
            Err(error) => return self.on_code_refused(error).await,
        };
        let renewed = wish.live.is_some();
        if !renewed {
            self.session.code_count += 1;
        }
        let now_here = Instant::now();
        let born = *wish.born.get_or_insert(now_here);
        let valid_for = left_of_its_life(issued.valid_for, now_here - born);
        let code = Arc::new(PairingCode {
            seq: self.session.code_count,
            code: issued.code.clone(),
            phone: wish.phone.clone(),
            issued_at: now,
            expires_at: now + TimeDelta::from_std(valid_for).unwrap_or_default(),
        });
        wish.characters = Some(issued.code);
        wish.live = Some(Arc::clone(&code));
        wish.ends_at = Some(now_here + valid_for);
        let waiters = std::mem::take(&mut wish.waiters);
        let asks_for_passkey = self.session.state.name == StateName::AwaitingPasskey;
        if !asks_for_passkey {
            self.settle_by = None;
        }
        let awaiting = SessionState::plain(StateName::AwaitingCode, now);
        let entered = if asks_for_passkey { None } else { self.enter(awaiting) };
        self.publish();
        for waiter in waiters {
            let _ = waiter.send(Ok(Outcome::Code(Arc::clone(&code))));
        }
        let issued = events::code_issued(&self.session.id, &code, self.session.round_count, renewed);
        self.save_entered(vec![issued], entered).await;
    }

    /// Where a country writes its numbers in two forms, one that the network does not know is asked for once in the
    /// other. Those who wait get a code for that form, and see from it which it was.
    fn try_other_form(&mut self, reason: &str) -> bool {
        let Some(wish) = self.link.as_mut().and_then(|flow| flow.code.as_mut()) else { return false };
        if wish.live.is_some() || wish.refused.is_some() || !UNKNOWN.contains(&reason) {
            return false;
        }
        let Some(other) = wish.phone.alternate_form() else { return false };
        wish.refused = Some(std::mem::replace(&mut wish.phone, other));
        wish.asked_on = None;
        self.request_code();
        true
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
        for waiter in self.bury(wish, reason) {
            let refused = EngineError::CodeRefused { reason: reason.to_owned(), retry_after: None };
            let _ = waiter.send(Err(refused.into()));
        }
        self.publish();
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

/// How long a code of this age is worth showing, which the network honours for so long.
fn left_of_its_life(network: Duration, age: Duration) -> Duration {
    network.min(RENEWED_FOR.saturating_sub(age))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_not_renewed_for_ever() {
        let network = Duration::from_mins(3);
        let left = |minutes| left_of_its_life(network, Duration::from_mins(minutes));
        assert_eq!((left(0), left(7)), (network, network));
        assert_eq!((left(9), left(10), left(60)), (Duration::from_mins(1), Duration::ZERO, Duration::ZERO));
    }
}
