//! What Enlace needs from outside itself, as traits. `store-*` and `engine` fulfil them; `sessions` uses them.

pub mod inbox;
pub mod sink;
pub mod store;
pub mod whatsapp;

pub use inbox::{ConnectionEvent, EndReason, InboundMessage, Inbox, InboxError, Receipt};
pub use sink::EventSink;
pub use store::{Change, Committed, Entry, IdempotencyKey, MessageFilter, SessionFilter, Store, StoreError};
pub use whatsapp::{Connection, EngineError, OpenRequest, SendError, WhatsApp};
