//! The API through its own door: each operation happy, unauthorised, with bad input, and for what is not there.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod audit;
mod authentication;
mod authorisation;
mod coverage;
mod event_streams;
mod keys;
mod limits;
mod linking;
mod messages;
mod metrics;
mod openapi;
mod passkey;
mod planned;
mod problems;
mod qr_pictures;
mod sessions;
mod stream_tickets;
mod support;
