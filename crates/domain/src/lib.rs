//! The words of Enlace: ids, addresses, messages, session states, events, errors, and the ports.
//!
//! Everybody speaks this crate and it speaks to nobody: no I/O, no runtime, no HTTP, no SQL, no WhatsApp
//! library. What a session is and what may be asked of it in which state is decided in [`session`]; what the
//! outside must offer us is written in [`port`].

#![deny(missing_docs)]

pub mod address;
pub mod alias;
pub mod audit;
pub mod clock;
pub mod error;
pub mod event;
pub mod id;
pub mod key;
pub mod link;
pub mod message;
pub mod number_form;
pub mod page;
pub mod port;
pub mod proxy;
pub mod retired;
pub mod session;

pub use error::{ErrorKind, Fault};
