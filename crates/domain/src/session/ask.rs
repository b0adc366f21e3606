//! What may be asked of a session, and what each ask means in each state: `design` section 3's table, as a pure
//! function. Nothing here waits, stores or connects; the session's actor does what [`decide`] says.

use super::state::StateName;
use crate::error::Fault;

/// Something asked of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// `GET …/qr`: look at the QR; begins a link where that harms nothing.
    Qr,
    /// `POST …/link {method: "qr"}`.
    LinkQr,
    /// `POST …/link {method: "code"}`.
    LinkCode,
    /// The same with `force: true`.
    ForceQr,
    /// The same with `force: true`.
    ForceCode,
    /// `POST …/start`.
    Start,
    /// `POST …/stop`.
    Stop,
    /// `POST …/restart`.
    Restart,
    /// `POST …/logout`.
    Logout,
    /// `DELETE …`.
    Delete,
    /// `POST …/messages`.
    Send,
}

impl Ask {
    /// Every ask.
    pub const ALL: [Self; 11] = [
        Self::Qr,
        Self::LinkQr,
        Self::LinkCode,
        Self::ForceQr,
        Self::ForceCode,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Logout,
        Self::Delete,
        Self::Send,
    ];
}

/// An ask for a link, as [`decide_link`] takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkAsk {
    /// [`Ask::Qr`].
    Look,
    /// [`Ask::LinkQr`], or [`Ask::ForceQr`].
    Qr {
        /// A link that stands is given up for it.
        force: bool,
    },
    /// [`Ask::LinkCode`], or [`Ask::ForceCode`].
    Code {
        /// A link that stands is given up for it.
        force: bool,
    },
}

/// The pairing code that lives now, seen from a request for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveCode {
    /// None lives.
    None,
    /// One lives for the number asked for.
    SamePhone,
    /// One lives for another number.
    OtherPhone,
}

/// What a decision needs to know besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Valid keys of a linked device are stored.
    pub linked: bool,
    /// The code that lives now.
    pub live_code: LiveCode,
    /// Someone asked for a QR in the last 60 seconds.
    pub asked_recently: bool,
}

/// What to do about an ask for a link: those of [`Decision`] that answer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkDecision {
    /// [`Decision::BeginLink`].
    Begin,
    /// [`Decision::JoinLink`].
    Join,
    /// [`Decision::AddCode`].
    AddCode,
    /// [`Decision::ReturnCode`].
    ReturnCode,
    /// [`Decision::ReplaceCode`].
    ReplaceCode,
    /// [`Decision::UnlinkAndBegin`].
    UnlinkAndBegin,
    /// [`Decision::Refuse`].
    Refuse(Refusal),
}

impl From<LinkDecision> for Decision {
    fn from(decision: LinkDecision) -> Self {
        match decision {
            LinkDecision::Begin => Self::BeginLink,
            LinkDecision::Join => Self::JoinLink,
            LinkDecision::AddCode => Self::AddCode,
            LinkDecision::ReturnCode => Self::ReturnCode,
            LinkDecision::ReplaceCode => Self::ReplaceCode,
            LinkDecision::UnlinkAndBegin => Self::UnlinkAndBegin,
            LinkDecision::Refuse(refusal) => Self::Refuse(refusal),
        }
    }
}

/// What to do about an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Open a fresh link (keys of an unlinked attempt are thrown away).
    BeginLink,
    /// A link is under way: its newest QR serves this ask too.
    JoinLink,
    /// Ask the network for a pairing code, beside the QRs, on the link under way.
    AddCode,
    /// A code for this number lives: give it again.
    ReturnCode,
    /// A code for another number lives: cancel it and ask for one for this number.
    ReplaceCode,
    /// Unlink, then open a fresh link, atomically.
    UnlinkAndBegin,
    /// Log in with the stored keys.
    Connect,
    /// Drop the connection and log in again.
    Reconnect,
    /// Drop the connection of the link under way and begin another round.
    RestartLink,
    /// Disconnect and rest.
    Stop,
    /// Unlink: tell the network, wipe the keys, keep the record.
    Unlink,
    /// Give up a link nobody has used; the session is `unlinked` again.
    AbandonLink,
    /// Unlink and remove the record.
    Delete,
    /// Send now.
    Send,
    /// Keep the message until the session is online.
    Hold,
    /// It is so already.
    Nothing,
    /// It can't be done in this state.
    Refuse(Refusal),
}

/// Why an ask is refused in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Linked: a QR or code would unlink it.
    #[error(
        "this session is linked to a phone, and its link was not touched; to link another phone, POST …/link with \"force\": true"
    )]
    AlreadyLinked,
    /// A phone has just accepted.
    #[error(
        "a phone has accepted this link and is being paired; wait until the session is online and ask again"
    )]
    Pairing,
    /// Nobody linked in time.
    #[error("nobody linked in time and this round is over; POST …/link begins a new one")]
    LinkExpired,
    /// Someone stopped it.
    #[error("this session is stopped; POST …/start or …/link")]
    Stopped,
    /// Another client took it.
    #[error(
        "another client took over this session's identity; stop that client, then POST …/start, or POST …/link to link anew"
    )]
    Replaced,
    /// WhatsApp restricts it.
    #[error("WhatsApp restricts this account; see the session's state for the reason and until when")]
    Restricted,
    /// There are no keys to log in with.
    #[error("this session is not linked; POST …/link, then scan the QR or type the code")]
    LinkRequired,
}

impl Fault for Refusal {
    crate::fault_table! {
        Self::AlreadyLinked => Conflict "already-linked",
        Self::Pairing => Conflict "pairing",
        Self::LinkExpired => Gone "link-expired",
        Self::Stopped => Conflict "session-stopped",
        Self::Replaced => Conflict "session-replaced",
        Self::Restricted => Conflict "session-restricted",
        Self::LinkRequired => Conflict "link-required",
    }

    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::Pairing).then_some(5)
    }
}

/// The table's columns: states that answer alike.
enum Column {
    Clean,
    Linking,
    Expired,
    Pairing,
    Linked,
    Resting(Refusal),
}

fn column(state: StateName, linked: bool) -> Column {
    match state {
        StateName::Unlinked | StateName::LoggedOut => Column::Clean,
        StateName::Connecting if linked => Column::Linked,
        StateName::Connecting
        | StateName::AwaitingScan
        | StateName::AwaitingCode
        | StateName::AwaitingPasskey => Column::Linking,
        StateName::LinkExpired => Column::Expired,
        StateName::Pairing => Column::Pairing,
        StateName::Online | StateName::Reconnecting | StateName::Stalled => Column::Linked,
        StateName::Replaced => Column::Resting(Refusal::Replaced),
        StateName::Restricted => Column::Resting(Refusal::Restricted),
        StateName::Stopped => Column::Resting(Refusal::Stopped),
    }
}

/// What an ask means in a state.
pub fn decide(state: StateName, facts: Facts, ask: Ask) -> Decision {
    let link = |ask| decide_link(state, facts, ask).into();
    match ask {
        Ask::Qr => link(LinkAsk::Look),
        Ask::LinkQr => link(LinkAsk::Qr { force: false }),
        Ask::LinkCode => link(LinkAsk::Code { force: false }),
        Ask::ForceQr => link(LinkAsk::Qr { force: true }),
        Ask::ForceCode => link(LinkAsk::Code { force: true }),
        Ask::Start => start(state, facts),
        Ask::Restart => restart(state, facts),
        Ask::Stop if state == StateName::Stopped => Decision::Nothing,
        Ask::Stop => Decision::Stop,
        Ask::Logout => logout(state, facts),
        Ask::Delete => Decision::Delete,
        Ask::Send => send(state, facts),
    }
}

/// What an ask for a link means in a state.
pub fn decide_link(state: StateName, facts: Facts, ask: LinkAsk) -> LinkDecision {
    match ask {
        LinkAsk::Look => look(state, facts),
        LinkAsk::Qr { force: false } => link(state, facts, LinkDecision::Join),
        LinkAsk::Code { force: false } => link(state, facts, code(facts)),
        LinkAsk::Qr { force: true } => force(state, facts, LinkDecision::Join),
        LinkAsk::Code { force: true } => force(state, facts, code(facts)),
    }
}

fn code(facts: Facts) -> LinkDecision {
    match facts.live_code {
        LiveCode::None => LinkDecision::AddCode,
        LiveCode::SamePhone => LinkDecision::ReturnCode,
        LiveCode::OtherPhone => LinkDecision::ReplaceCode,
    }
}

fn look(state: StateName, facts: Facts) -> LinkDecision {
    match column(state, facts.linked) {
        Column::Expired if facts.asked_recently => LinkDecision::Refuse(Refusal::LinkExpired),
        Column::Clean | Column::Expired => LinkDecision::Begin,
        Column::Linking => LinkDecision::Join,
        Column::Pairing => LinkDecision::Refuse(Refusal::Pairing),
        Column::Linked => LinkDecision::Refuse(Refusal::AlreadyLinked),
        Column::Resting(refusal) => LinkDecision::Refuse(refusal),
    }
}

fn link(state: StateName, facts: Facts, under_way: LinkDecision) -> LinkDecision {
    match column(state, facts.linked) {
        Column::Clean | Column::Expired => LinkDecision::Begin,
        Column::Linking => under_way,
        Column::Pairing => LinkDecision::Refuse(Refusal::Pairing),
        Column::Linked => LinkDecision::Refuse(Refusal::AlreadyLinked),
        Column::Resting(Refusal::Restricted) => LinkDecision::Refuse(Refusal::Restricted),
        Column::Resting(_) => begin(facts),
    }
}

/// A resting session that still holds keys is unlinked first, so that its old device does not stay on the phone.
fn begin(facts: Facts) -> LinkDecision {
    if facts.linked { LinkDecision::UnlinkAndBegin } else { LinkDecision::Begin }
}

fn force(state: StateName, facts: Facts, under_way: LinkDecision) -> LinkDecision {
    match column(state, facts.linked) {
        Column::Clean | Column::Expired => LinkDecision::Begin,
        Column::Linking => under_way,
        Column::Pairing => LinkDecision::Refuse(Refusal::Pairing),
        Column::Linked => LinkDecision::UnlinkAndBegin,
        Column::Resting(_) => begin(facts),
    }
}

fn start(state: StateName, facts: Facts) -> Decision {
    match state {
        StateName::Unlinked => Decision::BeginLink,
        StateName::Stopped | StateName::Replaced | StateName::Restricted | StateName::Reconnecting => {
            if facts.linked { Decision::Connect } else { Decision::BeginLink }
        }
        StateName::LinkExpired | StateName::LoggedOut => Decision::Refuse(Refusal::LinkRequired),
        StateName::Connecting
        | StateName::AwaitingScan
        | StateName::AwaitingCode
        | StateName::AwaitingPasskey
        | StateName::Pairing
        | StateName::Online
        | StateName::Stalled => Decision::Nothing,
    }
}

fn restart(state: StateName, facts: Facts) -> Decision {
    match column(state, facts.linked) {
        Column::Linked => Decision::Reconnect,
        Column::Linking => Decision::RestartLink,
        Column::Pairing => Decision::Refuse(Refusal::Pairing),
        Column::Clean | Column::Expired | Column::Resting(_) => start(state, facts),
    }
}

fn logout(state: StateName, facts: Facts) -> Decision {
    match column(state, facts.linked) {
        Column::Linked | Column::Pairing => Decision::Unlink,
        Column::Linking | Column::Expired => Decision::AbandonLink,
        Column::Resting(_) if facts.linked => Decision::Unlink,
        Column::Clean | Column::Resting(_) => Decision::Nothing,
    }
}

fn send(state: StateName, facts: Facts) -> Decision {
    match column(state, facts.linked) {
        Column::Linked if state == StateName::Online => Decision::Send,
        Column::Linked | Column::Pairing => Decision::Hold,
        Column::Resting(_) if facts.linked => Decision::Hold,
        Column::Clean | Column::Linking | Column::Expired | Column::Resting(_) => {
            Decision::Refuse(Refusal::LinkRequired)
        }
    }
}
