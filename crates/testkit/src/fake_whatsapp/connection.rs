//! One connection to the network in memory.

use super::{PATIENCE, lock};
use async_trait::async_trait;
use enlace_domain::address::{Jid, Person, PhoneNumber};
use enlace_domain::port::inbox::{ConnectionEvent, EndReason, InboundMessage, Inbox, InboxError, Receipt};
use enlace_domain::port::whatsapp::{
    Connection, EngineError, IssuedCode, NumberCheck, OpenRequest, Outgoing, PasskeyAssertion, SendError,
};
use secrecy::SecretString;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// One connection, as the test holds it.
pub struct FakeConnection {
    /// What was asked for.
    pub request: OpenRequest,
    inbox: Arc<dyn Inbox>,
    code_answers: Mutex<VecDeque<Result<IssuedCode, EngineError>>>,
    codes_asked: Mutex<Vec<(PhoneNumber, Option<SecretString>)>>,
    passkey_answers: Mutex<VecDeque<Result<(), EngineError>>>,
    passkeys_answered: Mutex<Vec<PasskeyAssertion>>,
    passkeys_confirmed: AtomicU64,
    send_answers: Mutex<VecDeque<Result<(), SendError>>>,
    sent: mpsc::UnboundedSender<Outgoing>,
    outgoing: tokio::sync::Mutex<mpsc::UnboundedReceiver<Outgoing>>,
    holding: AtomicBool,
    release: Notify,
    holding_codes: AtomicBool,
    code_news: Notify,
    codes_cancelled: AtomicU64,
    logged_out: AtomicBool,
    closed: AtomicBool,
    idle_seconds: AtomicU64,
}

impl FakeConnection {
    pub(super) fn new(request: OpenRequest, inbox: Arc<dyn Inbox>) -> Self {
        let (sent, outgoing) = mpsc::unbounded_channel();
        Self {
            request,
            inbox,
            code_answers: Mutex::default(),
            codes_asked: Mutex::default(),
            passkey_answers: Mutex::default(),
            passkeys_answered: Mutex::default(),
            passkeys_confirmed: AtomicU64::new(0),
            send_answers: Mutex::default(),
            sent,
            outgoing: tokio::sync::Mutex::new(outgoing),
            holding: AtomicBool::new(false),
            release: Notify::new(),
            holding_codes: AtomicBool::new(false),
            code_news: Notify::new(),
            codes_cancelled: AtomicU64::new(0),
            logged_out: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            idle_seconds: AtomicU64::new(0),
        }
    }

    /// Something happens on this connection.
    pub async fn tell(&self, event: ConnectionEvent) {
        self.inbox.connection(event).await;
    }

    /// A QR of 60 s.
    pub async fn show_qr(&self, payload: &str) {
        self.show_qr_for(payload, Duration::from_mins(1)).await;
    }

    /// A QR.
    pub async fn show_qr_for(&self, payload: &str, valid_for: Duration) {
        self.tell(ConnectionEvent::Qr { payload: payload.into(), valid_for }).await;
    }

    /// The phone accepts, and 515 follows.
    pub async fn pair(&self, phone: &str) {
        let phone = PhoneNumber::parse(phone).expect("a test's number is well-formed");
        let lid = Jid::parse(&format!("1{}@lid", &phone.as_str()[3..])).ok();
        self.tell(ConnectionEvent::Paired { phone, lid, business_name: None }).await;
        self.end(EndReason::RestartRequired).await;
    }

    /// The phone accepts in vain.
    pub async fn fail_pairing(&self, reason: &str, lives_on: bool) {
        self.tell(ConnectionEvent::PairFailed { reason: reason.to_owned(), lives_on }).await;
    }

    /// Logged in and synced.
    pub async fn go_online(&self) {
        self.tell(ConnectionEvent::LoggedIn).await;
        self.tell(ConnectionEvent::Online { push_name: Some("Ana".to_owned()) }).await;
    }

    /// It is over.
    pub async fn end(&self, reason: EndReason) {
        self.tell(ConnectionEvent::Ended(reason)).await;
    }

    /// Lost.
    pub async fn lose(&self, reason: &str) {
        self.end(EndReason::Lost { reason: reason.to_owned() }).await;
    }

    /// A message arrives; returns what the network would be told.
    pub async fn deliver(&self, message: InboundMessage) -> Result<(), InboxError> {
        self.inbox.messages(vec![message]).await
    }

    /// A receipt arrives.
    pub async fn receipt(&self, receipt: Receipt) -> Result<(), InboxError> {
        self.inbox.receipt(receipt).await
    }

    /// How the next request for a code is answered. Unscripted ones are accepted for 180 s.
    pub fn answer_code(&self, answer: Result<IssuedCode, EngineError>) {
        lock(&self.code_answers).push_back(answer);
    }

    /// Which codes were asked for.
    pub fn codes_asked(&self) -> Vec<(PhoneNumber, Option<SecretString>)> {
        lock(&self.codes_asked).clone()
    }

    /// No request for a code is answered until [`Self::release_codes`], or until it is withdrawn.
    pub fn hold_codes(&self) {
        self.holding_codes.store(true, Ordering::SeqCst);
    }

    /// Answers the held requests.
    pub fn release_codes(&self) {
        self.holding_codes.store(false, Ordering::SeqCst);
        self.code_news.notify_waiters();
    }

    /// The network asks for a passkey.
    pub async fn ask_passkey(&self, options: serde_json::Value) {
        self.tell(ConnectionEvent::PasskeyRequested { options }).await;
    }

    /// How the next answer or confirmation of a passkey is taken. Unscripted ones are believed.
    pub fn take_passkey(&self, answer: Result<(), EngineError>) {
        lock(&self.passkey_answers).push_back(answer);
    }

    /// The assertions that were sent.
    pub fn passkeys_answered(&self) -> Vec<PasskeyAssertion> {
        lock(&self.passkeys_answered).clone()
    }

    /// How often a passkey's code was confirmed.
    pub fn passkeys_confirmed(&self) -> u64 {
        self.passkeys_confirmed.load(Ordering::SeqCst)
    }

    /// How the next send is answered. Unscripted ones are acknowledged.
    pub fn answer_send(&self, answer: Result<(), SendError>) {
        lock(&self.send_answers).push_back(answer);
    }

    /// No send is answered until [`Self::release_sends`].
    pub fn hold_sends(&self) {
        self.holding.store(true, Ordering::SeqCst);
    }

    /// Answers the held sends.
    pub fn release_sends(&self) {
        self.holding.store(false, Ordering::SeqCst);
        self.release.notify_waiters();
    }

    /// The next message that left on this connection.
    pub async fn next_sent(&self) -> Outgoing {
        let mut outgoing = self.outgoing.lock().await;
        let next = tokio::time::timeout(PATIENCE, outgoing.recv()).await;
        next.expect("no message left").expect("the connection holds the sender")
    }

    /// Whether the network was told of an unlinking.
    pub fn is_logged_out(&self) -> bool {
        self.logged_out.load(Ordering::SeqCst)
    }

    /// Whether we closed it.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Nothing was heard for this long.
    pub fn be_silent_for(&self, seconds: u64) {
        self.idle_seconds.store(seconds, Ordering::SeqCst);
    }
}

#[async_trait]
impl Connection for FakeConnection {
    async fn request_code(
        &self,
        phone: &PhoneNumber,
        custom: Option<&SecretString>,
    ) -> Result<IssuedCode, EngineError> {
        lock(&self.codes_asked).push((phone.clone(), custom.cloned()));
        let cancelled = self.codes_cancelled.load(Ordering::SeqCst);
        loop {
            let news = self.code_news.notified();
            if self.codes_cancelled.load(Ordering::SeqCst) != cancelled {
                return Err(EngineError::CodeRefused { reason: "withdrawn".to_owned(), retry_after: None });
            }
            if !self.holding_codes.load(Ordering::SeqCst) {
                break;
            }
            news.await;
        }
        let scripted = lock(&self.code_answers).pop_front();
        scripted.unwrap_or_else(|| {
            let code = custom.cloned().unwrap_or_else(|| "ABCD1234".into());
            Ok(IssuedCode { code, valid_for: Duration::from_mins(3) })
        })
    }

    async fn cancel_code(&self) {
        self.codes_cancelled.fetch_add(1, Ordering::SeqCst);
        self.code_news.notify_waiters();
    }

    async fn answer_passkey(&self, assertion: &PasskeyAssertion) -> Result<(), EngineError> {
        lock(&self.passkeys_answered).push(assertion.clone());
        lock(&self.passkey_answers).pop_front().unwrap_or(Ok(()))
    }

    async fn confirm_passkey(&self) -> Result<(), EngineError> {
        self.passkeys_confirmed.fetch_add(1, Ordering::SeqCst);
        lock(&self.passkey_answers).pop_front().unwrap_or(Ok(()))
    }

    /// Every number has WhatsApp whose last digit is not 0.
    async fn check_numbers(&self, numbers: &[PhoneNumber]) -> Result<Vec<NumberCheck>, EngineError> {
        let check = |asked: &PhoneNumber| {
            let person = (!asked.as_str().ends_with('0')).then(|| Person::from_jids([Jid::phone(asked)]));
            NumberCheck { asked: asked.clone(), person }
        };
        Ok(numbers.iter().map(check).collect())
    }

    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        let _ = self.sent.send(message.clone());
        loop {
            // Before the look: a release in between is not lost.
            let released = self.release.notified();
            if !self.holding.load(Ordering::SeqCst) {
                break;
            }
            released.await;
        }
        lock(&self.send_answers).pop_front().unwrap_or(Ok(()))
    }

    async fn logout(&self) -> Result<(), EngineError> {
        self.logged_out.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    fn idle_seconds(&self) -> Option<u64> {
        Some(self.idle_seconds.load(Ordering::SeqCst))
    }
}
