//! Enlace's own HTTP API: JSON under `/v1`, server-sent events, QR pictures, and the OpenAPI document of all that.
//!
//! A surface and nothing else: it reads requests, asks [`enlace_sessions::Gateway`], and writes answers. No rule about
//! sessions, messages or WhatsApp lives here. One operation is one file under `v1/`; what they share is in `kit/`. A
//! handler reaches the use cases only through an authenticated context, so one without authorisation does not compile.

mod health;
mod kit;
mod metrics;
mod openapi;
mod planned;
pub mod qr;
mod router;
mod rules;
mod v1;

pub use kit::client::{ClientAddress, TrustedProxies, note as note_client};
pub use kit::problem::problem_codes;
pub use kit::state::{BuildInfo, PublicSettings, Readiness, WebState};
pub use metrics::Metrics;
pub use router::{openapi, router};
pub use v1::sessions::{QrFormat, draw_sample};
