//! A device, which is a number: contract section 2.4. Members of the vendor's own service (agents, statistics,
//! catalogue) are left out, or empty where clients walk through them.

use serde::Serialize;
use serde_json::Value;

/// `device.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Removed,
    Disabled,
    Pending,
    Operative,
}

/// `device.session.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SessionStatus {
    Online,
    Offline,
    Timeout,
    Conflict,
    Blocked,
    Error,
    Authorize,
    Authorizing,
    Loading,
}

/// A device.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    pub(crate) id: String,
    /// `+E.164`; null before the first link.
    pub(crate) phone: Option<String>,
    /// `…@c.us`
    pub(crate) wid: Option<String>,
    /// Never empty.
    pub(crate) alias: String,
    pub(crate) description: Option<String>,
    pub(crate) connector: &'static str,
    pub(crate) version: u32,
    pub(crate) agents: [Value; 0],
    pub(crate) status: Status,
    pub(crate) created_at: String,
    pub(crate) disabled_at: Option<String>,
    pub(crate) billing: Billing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<DeviceSession>,
}

/// What is paid for there.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Billing {
    pub(crate) subscription: Subscription,
}

/// A plan. Clients of the vendor go on only with an active one of product `io`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    pub(crate) plan: String,
    pub(crate) product: &'static str,
    pub(crate) status: &'static str,
    pub(crate) is_trial: bool,
}

/// The account's own page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Profile {
    pub(crate) name: Option<String>,
}

/// The connection.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceSession {
    pub(crate) status: SessionStatus,
    /// Since when it is so.
    pub(crate) updated_at: String,
}

/// `GET /devices/{id}/health`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    pub(crate) id: String,
    /// One of seven words: fewer than a session has.
    pub(crate) status: SessionStatus,
    pub(crate) updated_at: String,
}
