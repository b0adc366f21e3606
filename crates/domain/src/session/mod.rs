//! A session: one WhatsApp number that is, or can be, linked.
//!
//! [`state`] holds what it can be; [`ask`] decides, purely, what each request means in each state.

pub mod ask;
pub mod state;

pub use ask::{Ask, Decision, Facts, LinkAsk, LinkDecision, Refusal, decide, decide_link};
pub use state::{PairingStep, RemoteUnlink, SessionState, StateName};

use crate::address::{Jid, PhoneNumber};
use crate::alias::Aliases;
use crate::clock::{Timestamp, millis};
use crate::id::SessionId;
use crate::proxy::Proxy;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// What a session connects to; fixed at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// WhatsApp itself.
    Whatsapp,
    /// The simulated network that Enlace carries.
    Simulator,
}

impl Network {
    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Simulator => "simulator",
        }
    }

    /// The network of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Whatsapp, Self::Simulator].into_iter().find(|n| n.as_str() == name)
    }
}

/// What the operator wants; kept apart from what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Desired {
    /// Connected whenever possible.
    Running,
    /// At rest.
    Stopped,
}

/// How many QR rounds one link request may have.
pub const LINK_ROUNDS: RangeInclusive<u32> = 1..=10;

/// What can be set per session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// QR rounds per link request, one of [`LINK_ROUNDS`]. Without, the gateway's own number counts.
    pub link_max_rounds: Option<u32>,
    /// Whether the companion shows itself online. Off keeps the phone's own notifications working.
    pub mark_online: bool,
}

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// A name for people.
    pub name: Option<String>,
    /// What it connects to.
    pub network: Network,
    /// What the operator wants.
    pub desired: Desired,
    /// What is.
    pub state: SessionState,
    /// Whether valid keys of a linked device are stored.
    pub linked: bool,
    /// The number, since it was first linked; kept after logout.
    pub phone: Option<PhoneNumber>,
    /// The only number that may complete the link under way; kept over a restart.
    #[serde(skip)]
    pub expect_phone: Option<PhoneNumber>,
    /// The hidden id, since it was first linked.
    pub lid: Option<Jid>,
    /// The account's own name.
    pub push_name: Option<String>,
    /// The user's own data.
    pub metadata: Map<String, Value>,
    /// What is set.
    pub settings: Settings,
    /// What its connections go through; it may hold a password, so that it is stored sealed.
    #[serde(skip)]
    pub proxy: Option<Proxy>,
    /// Its names in the foreign APIs. They are given at its creation; a token among them is stored sealed.
    #[serde(skip)]
    pub aliases: Aliases,
    /// QRs issued so far (see [`crate::link::Qr::seq`]).
    pub qr_count: u64,
    /// Rounds begun so far.
    pub round_count: u64,
    /// Pairing codes issued so far.
    pub code_count: u64,
    /// When it was made.
    #[serde(with = "millis")]
    pub created_at: Timestamp,
}
