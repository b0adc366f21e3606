//! An instance and its device: contract sections 3 and 3.2, the vendor's section "instance".

use serde::Serialize;

/// `GET /status`, the one good answer that has an `error`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) connected: bool,
    /// Of the vendor's older documents: whether there is a session that could be restored.
    pub(crate) session: bool,
    pub(crate) error: &'static str,
    pub(crate) smartphone_connected: bool,
}

/// What settings and most commands answer.
#[derive(Serialize)]
pub(crate) struct Done {
    pub(crate) value: bool,
}

/// It is done.
pub(crate) const DONE: Done = Done { value: true };

/// `GET /device`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    /// Digits.
    pub(crate) phone: Option<String>,
    pub(crate) img_url: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) device: DeviceNames,
    /// `iphone`, `smbi`, `android` or `smba`.
    pub(crate) original_device: Option<&'static str>,
    pub(crate) session_id: u64,
    pub(crate) is_business: Option<bool>,
}

/// `device` in it. The second is not in camel case there either.
#[derive(Serialize)]
pub(crate) struct DeviceNames {
    #[serde(rename = "sessionName")]
    pub(crate) session_name: &'static str,
    pub(crate) device_model: &'static str,
}

/// `GET /me`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) due: i64,
    pub(crate) connected: bool,
    pub(crate) payment_status: &'static str,
    pub(crate) created: String,
    pub(crate) connected_callback_url: Option<String>,
    pub(crate) delivery_callback_url: Option<String>,
    pub(crate) disconnected_callback_url: Option<String>,
    pub(crate) message_status_callback_url: Option<String>,
    pub(crate) presence_chat_callback_url: Option<String>,
    pub(crate) received_callback_url: Option<String>,
    pub(crate) receive_callback_sent_by_me: bool,
    pub(crate) call_reject_auto: bool,
    pub(crate) call_reject_message: Option<String>,
    pub(crate) auto_read_message: bool,
    pub(crate) initial_data_callback_url: Option<String>,
}
