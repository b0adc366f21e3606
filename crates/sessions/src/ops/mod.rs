//! The use cases, one file each, named by its verb. Each is a method of [`crate::Gateway`].

pub(crate) mod authenticate;
pub(crate) mod create_session;
mod delete_session;
pub(crate) mod ensure_admin_key;
mod get_message;
mod get_session;
pub(crate) mod link;
mod list_messages;
mod list_sessions;
mod logout;
pub(crate) mod patch_session;
mod qr;
pub(crate) mod read_events;
mod restart;
pub(crate) mod send_message;
mod start;
mod stop;
mod temporary_key;
pub(crate) mod watch;
