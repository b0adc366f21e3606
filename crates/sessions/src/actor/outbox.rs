//! Messages of a session that wait to be sent: in order per chat, several chats at once.

use super::handle::OutboxSlot;
use super::message::Reply;
use enlace_domain::address::Jid;
use enlace_domain::id::MessageId;
use enlace_domain::message::Message;
use std::collections::{HashMap, HashSet, VecDeque};

/// A message that waits, and those who wait for it.
struct Pending {
    message: Box<Message>,
    slot: Option<OutboxSlot>,
    waiters: Vec<Reply<()>>,
    /// How often it did not leave.
    tries: u32,
}

/// The waiting messages of one session.
#[derive(Default)]
pub(super) struct Outbox {
    chats: HashMap<Jid, VecDeque<Pending>>,
    /// Chats whose first message is under way.
    busy: HashSet<Jid>,
    /// Those who wait for a message that is stored but has not come in here yet.
    expected: HashMap<MessageId, Vec<Reply<()>>>,
}

impl Outbox {
    /// Puts a message at the end of its chat; one that is in here already only gets its slot and waiter.
    pub(super) fn push(
        &mut self,
        message: Box<Message>,
        slot: Option<OutboxSlot>,
        waiter: Option<Reply<()>>,
    ) {
        let mut waiters = self.expected.remove(&message.id).unwrap_or_default();
        waiters.extend(waiter);
        let known =
            self.chats.get_mut(&message.chat).into_iter().flatten().find(|p| p.message.id == message.id);
        if let Some(known) = known {
            known.slot = known.slot.take().or(slot);
            known.waiters.extend(waiters);
            return;
        }
        let pending = Pending { message, slot, waiters, tries: 0 };
        self.chats.entry(pending.message.chat.clone()).or_default().push_back(pending);
    }

    /// Lets someone wait for a message; gives the reply back when the message is not (or no longer) in here.
    pub(super) fn wait_for(&mut self, id: &MessageId, reply: Reply<()>) -> Option<Reply<()>> {
        match self.chats.values_mut().flatten().find(|pending| pending.message.id == *id) {
            Some(pending) => {
                pending.waiters.push(reply);
                None
            }
            None => Some(reply),
        }
    }

    /// Lets someone wait for a message that is stored and will come in here.
    pub(super) fn expect(&mut self, id: MessageId, reply: Reply<()>) {
        self.expected.entry(id).or_default().push(reply);
    }

    /// The next message of each chat that has none under way; they count as under way from now on.
    pub(super) fn take_ready(&mut self) -> Vec<Message> {
        let ready: Vec<Message> = self
            .chats
            .iter()
            .filter(|(chat, _)| !self.busy.contains(*chat))
            .filter_map(|(_, queue)| queue.front().map(|pending| (*pending.message).clone()))
            .collect();
        self.busy.extend(ready.iter().map(|message| message.chat.clone()));
        ready
    }

    /// The next message of this chat, when none is under way; it counts as under way from now on.
    pub(super) fn take_ready_in(&mut self, chat: &Jid) -> Option<Message> {
        if self.busy.contains(chat) {
            return None;
        }
        let message = (*self.chats.get(chat)?.front()?.message).clone();
        self.busy.insert(chat.clone());
        Some(message)
    }

    /// The first message of a chat is dealt with: answers those who waited.
    pub(super) fn settle(&mut self, chat: &Jid) {
        self.busy.remove(chat);
        let Some(queue) = self.chats.get_mut(chat) else { return };
        if let Some(pending) = queue.pop_front() {
            for waiter in pending.waiters {
                let _ = waiter.send(Ok(()));
            }
        }
        if queue.is_empty() {
            self.chats.remove(chat);
        }
    }

    /// The first message of a chat stays first; it may go again. Tells how often it did not leave.
    pub(super) fn retry_later(&mut self, chat: &Jid) -> u32 {
        self.busy.remove(chat);
        match self.chats.get_mut(chat).and_then(VecDeque::front_mut) {
            Some(pending) => {
                pending.tries += 1;
                pending.tries
            }
            None => 0,
        }
    }
}
