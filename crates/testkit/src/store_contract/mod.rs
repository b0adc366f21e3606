//! What every [`Store`] must do, a test per rule of the port. A store crate runs it all with one line:
//!
//! ```text
//! enlace_testkit::store_contract!(TemporaryDatabase::new());
//! ```
//!
//! The expression makes a [`StoreFactory`] of an empty place; it is evaluated once for each rule.

pub mod api_key;
pub mod audit;
pub mod event;
pub mod message;
pub mod message_list;
pub mod retired_device;
pub mod session;
pub mod status;
pub mod unit;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use enlace_domain::address::{Jid, Person};
use enlace_domain::alias::Aliases;
use enlace_domain::clock::{Clock, Timestamp};
use enlace_domain::event::{Event, EventType, NewEvent};
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Content, Message, Status};
use enlace_domain::port::{Change, Committed, Entry, EventSink, Store, StoreError};
use enlace_domain::session::{Desired, Network, Session, SessionState, Settings, StateName};
use std::sync::{Arc, Mutex};

/// One place where a store can be opened, again and again.
#[async_trait]
pub trait StoreFactory: Send + Sync {
    /// Opens the store; the first call finds the place empty.
    async fn open(&self, sink: Arc<dyn EventSink>, clock: Arc<dyn Clock>) -> Arc<dyn Store>;
    /// Closes what was opened last, so that it can be opened again.
    async fn close(&self);
}

/// A sink that remembers what it heard, call by call.
#[derive(Debug, Default)]
pub struct Heard(Mutex<Vec<Vec<Arc<Event>>>>);

impl Heard {
    /// The calls so far.
    pub fn calls(&self) -> Vec<Vec<Arc<Event>>> {
        self.0.lock().expect("no holder panics").clone()
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.calls().concat()
    }
}

impl EventSink for Heard {
    fn committed(&self, events: &[Arc<Event>]) {
        self.0.lock().expect("no holder panics").push(events.to_vec());
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct StandingClock(Mutex<Timestamp>);

impl Default for StandingClock {
    fn default() -> Self {
        Self(Mutex::new(noon()))
    }
}

impl StandingClock {
    /// Moves on.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().expect("no holder panics") += by;
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no holder panics")
    }
}

/// A store under test, with what it is given.
pub struct Subject<F> {
    factory: F,
    /// The store.
    pub store: Arc<dyn Store>,
    /// What its sink heard.
    pub heard: Arc<Heard>,
    /// Its clock.
    pub clock: Arc<StandingClock>,
}

impl<F: StoreFactory> Subject<F> {
    /// Opens an empty store.
    pub async fn new(factory: F) -> Self {
        let (heard, clock) = (Arc::<Heard>::default(), Arc::<StandingClock>::default());
        let store = factory.open(heard.clone(), clock.clone()).await;
        Self { factory, store, heard, clock }
    }

    /// An empty store with one session.
    pub async fn with_session(factory: F, id: &str) -> (Self, SessionId) {
        let subject = Self::new(factory).await;
        let id = session_id(id);
        subject.create(&id).await;
        (subject, id)
    }

    /// Closes the store and opens it again.
    pub async fn reopen(&mut self) {
        self.factory.close().await;
        self.store = self.factory.open(self.heard.clone(), self.clock.clone()).await;
    }

    /// Commits one change without an event.
    pub async fn apply(&self, change: Change) -> Result<Committed, StoreError> {
        let mut committed = self.store.commit(vec![Entry { change, event: None }]).await?;
        assert_eq!(committed.len(), 1, "one outcome for one entry");
        Ok(committed.remove(0))
    }

    /// Commits a change that must take effect.
    pub async fn must(&self, change: Change) {
        let committed = self.apply(change).await.expect("the change is right");
        assert!(committed.applied, "the change takes effect");
    }

    /// Creates a session.
    pub async fn create(&self, id: &SessionId) {
        self.must(Change::CreateSession(Box::new(session(id)))).await;
    }

    /// Appends a bare event.
    pub async fn tell(&self, id: &SessionId) -> Arc<Event> {
        let entry = Entry { change: Change::None, event: Some(event(id)) };
        let mut committed = self.store.commit(vec![entry]).await.expect("an event is stored");
        committed.remove(0).events.remove(0)
    }
}

/// The moment at which every test begins.
pub fn noon() -> Timestamp {
    DateTime::from_timestamp_millis(1_780_000_000_123).expect("a moment in 2026")
}

/// A moment after the beginning.
pub fn later(seconds: i64) -> Timestamp {
    noon() + TimeDelta::seconds(seconds)
}

/// A session id.
pub fn session_id(text: &str) -> SessionId {
    SessionId::parse(text).expect("a session id")
}

/// A JID.
pub fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("a JID")
}

/// A plain session.
pub fn session(id: &SessionId) -> Session {
    Session {
        id: id.clone(),
        name: None,
        network: Network::Simulator,
        desired: Desired::Running,
        state: SessionState::plain(StateName::Unlinked, noon()),
        linked: false,
        phone: None,
        lid: None,
        push_name: None,
        expect_phone: None,
        metadata: serde_json::Map::new(),
        settings: Settings::default(),
        proxy: None,
        aliases: Aliases::new(),
        qr_count: 0,
        round_count: 0,
        code_count: 0,
        created_at: noon(),
    }
}

/// The `n`-th message that came in: from a person of that number, `n` seconds after the beginning.
pub fn received(session: &SessionId, n: u32) -> Message {
    let peer = jid(&format!("{}@s.whatsapp.net", 999_200_000_000_u64 + u64::from(n)));
    Message {
        id: MessageId::from_text(format!("msg_{n:032}")),
        wa_id: format!("3EB0{n:016}"),
        session: session.clone(),
        chat: peer.clone(),
        chat_person: Person::from_jids([peer.clone()]),
        from: peer.clone(),
        from_person: Person::from_jids([peer]),
        from_me: false,
        push_name: Some(format!("Peer {n} ☎")),
        at: later(i64::from(n)),
        status: Status::Received,
        error: None,
        content: Content::Text(format!("text \"{n}\"\n\u{1f600}")),
    }
}

/// The `n`-th message of ours, to the same person.
pub fn queued(session: &SessionId, n: u32) -> Message {
    let me = jid("999100000001@s.whatsapp.net");
    Message {
        from: me.clone(),
        from_person: Person::from_jids([me, jid("100000000000001@lid")]),
        from_me: true,
        push_name: None,
        status: Status::Queued,
        ..received(session, n)
    }
}

/// The change that queues a message without an idempotency key.
pub fn queue(message: &Message) -> Change {
    Change::QueueMessage { message: Box::new(message.clone()), idempotency: None }
}

/// The change that stores a received message.
pub fn receive(message: &Message) -> Change {
    Change::ReceiveMessage(Box::new(message.clone()))
}

/// The change that moves messages to a status and tells of it.
pub fn advance(session: &SessionId, messages: &[&Message], status: Status) -> Change {
    Change::AdvanceStatus {
        session: session.clone(),
        wa_ids: messages.iter().map(|message| message.wa_id.clone()).collect(),
        status,
        error: None,
        tells: EventType::MessageStatus,
        at: noon(),
    }
}

/// An event to tell.
pub fn event(session: &SessionId) -> NewEvent {
    NewEvent {
        session: session.clone(),
        kind: EventType::SessionState,
        at: later(1),
        is_history: false,
        data: serde_json::json!({"from": "unlinked", "state": {"name": "connecting"}, "text": "ä \"☎\" \u{1f600}"}),
    }
}

/// Runs every rule of the storage port against a store. Takes an expression that makes a [`StoreFactory`].
#[macro_export]
macro_rules! store_contract {
    ($factory:expr) => {
        $crate::store_contract! { @rules $factory;
            session {
                a_new_store_is_empty,
                a_session_comes_back_as_it_was_stored,
                a_taken_id_is_refused,
                aliases_come_back_and_saving_keeps_them,
                an_alias_is_one_sessions_own,
                a_session_is_named_anew,
                a_number_is_counted_for_ever,
                saving_replaces_the_row,
                saving_a_session_that_is_gone_is_refused,
                deleting_removes_the_session_with_its_messages_but_not_its_events,
                deleting_what_is_not_there_has_no_effect,
                an_id_can_be_used_again_after_deletion,
                sessions_are_listed_oldest_first_in_pages,
                sessions_are_filtered_by_state,
                sessions_are_searched_by_id_name_and_phone,
                sessions_are_filtered_by_metadata,
                a_limited_key_lists_its_sessions_only,
                a_page_token_of_another_list_is_refused,
                sessions_survive_a_restart,
            }
            message {
                a_message_comes_back_as_it_was_stored,
                a_message_without_a_session_is_refused,
                a_received_message_is_stored_once,
                each_part_of_the_identity_tells_messages_apart,
                a_message_queued_twice_is_stored_once,
                messages_received_at_once_are_stored_once_each,
                an_idempotency_key_gives_the_first_message_again,
                an_idempotency_key_for_another_request_is_refused,
                an_idempotency_key_belongs_to_its_session,
                an_idempotency_key_expires,
                an_idempotency_key_survives_a_restart,
                an_idempotency_key_used_at_once_by_many_makes_one_message,
                an_idempotency_key_goes_with_its_session,
                the_other_address_of_a_chats_person_is_filled_in,
                messages_survive_a_restart,
            }
            message_list {
                messages_are_listed_newest_first_in_pages,
                messages_of_one_second_are_listed_as_they_were_stored,
                pages_stay_stable_while_messages_arrive,
                messages_of_the_same_moment_are_all_listed_once,
                a_chat_is_found_by_either_address_of_its_person,
                messages_are_filtered_by_status_and_side,
                a_page_token_of_another_list_is_refused,
                another_sessions_messages_are_never_seen,
                queued_messages_are_listed_oldest_first,
            }
            status {
                a_status_moves_forward_and_never_back,
                every_status_moves_as_the_domain_says,
                only_messages_of_this_number_move,
                one_event_is_told_for_each_message_that_moved,
                a_failure_is_told_with_its_reason,
                an_acknowledged_message_is_no_longer_queued,
                another_sessions_message_does_not_move,
                statuses_that_move_at_once_end_at_the_furthest,
            }
            event {
                a_new_log_has_no_bounds,
                an_event_comes_back_as_it_was_told,
                seq_counts_all_events_and_session_seq_those_of_a_session,
                the_sink_hears_of_every_event_in_order,
                events_are_read_after_a_cursor_up_to_a_limit,
                events_are_filtered_by_session_and_type,
                session_seq_goes_on_after_deletion_and_creation,
                numbers_go_on_after_a_restart,
                concurrent_commits_are_numbered_and_heard_in_order,
                a_change_without_effect_tells_nothing,
            }
            unit {
                nothing_is_committed_for_no_entries,
                entries_are_applied_in_order,
                a_refused_entry_leaves_nothing_of_its_unit,
                a_refused_unit_harms_no_other,
                a_repeated_message_in_a_unit_is_stored_once,
                wiping_keys_of_a_missing_session_has_no_effect,
                a_closed_store_says_so,
            }
            retired_device {
                a_retired_device_comes_back_until_it_is_forgotten,
                a_retired_device_outlives_its_session_and_a_restart,
            }
            api_key {
                a_key_is_found_by_its_hash,
                a_known_key_is_not_added_again,
                admin_keys_are_counted,
                use_is_recorded_to_the_minute,
                keys_survive_a_restart,
                keys_are_listed_oldest_first_in_pages,
                a_key_is_changed_in_what_is_named,
                a_revoked_key_is_gone,
                the_last_lasting_admin_key_stays,
            }
            audit {
                a_record_comes_back_as_it_was_stored,
                records_are_listed_newest_first_in_pages,
                records_are_filtered,
                old_records_are_dropped,
                a_wrong_clock_does_not_empty_the_audit_log,
            }
        }
    };
    (@rules $factory:expr; $($module:ident { $($rule:ident,)+ })+) => {
        $(
            mod $module {
                use super::*;
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $rule() {
                        $crate::store_contract::$module::$rule($factory).await;
                    }
                )+
            }
        )+
    };
}
