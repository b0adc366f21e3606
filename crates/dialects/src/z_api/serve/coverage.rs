//! Everything, in the order of the contract.

use super::{
    check_phone, check_phones, disconnect, get_device, get_me, get_phone_code, get_qr_code,
    get_qr_code_image, get_status, restart, restore_session, send_text, update_name,
};
use crate::frame::operation::Method::{Delete, Get, Post, Put};
use crate::frame::operation::{Method, Section};
use crate::z_api::errors::Refused;

/// A path below an instance and its token.
macro_rules! at {
    ($path:literal) => {
        concat!("/instances/{instance}/token/{token}", $path)
    };
}

const LATER: &str = "not yet";
const TEXTS_ONLY: &str = "texts are all that Enlace sends yet";
const INTERACTIVE: &str = "WhatsApp often drops what is interactive unless its business API sends it";
const PROFILE: &str = "Enlace does not change the account's own profile yet";
const BY_ITSELF: &str = "Enlace reads no message and rejects no call by itself yet";
const ALWAYS_QUEUES: &str = "messages always wait in the queue while the instance is not connected";
const CALLS: &str = "Enlace makes no calls";
const VENDORS_OWN: &str = "this belongs to a service or a product of the vendor's own";
const PASSKEY: &str = "the code that both sides show must be compared, and Z-API has no call for that; \
                       use POST /v1/sessions/{id}/passkey";
const CHALLENGE_AGAIN: &str = "/restart begins the link anew, and the challenge with it";
const GROUPS: &str = "Enlace does not manage groups yet";
const CHANNELS: &str = "Enlace does not serve channels yet";
const PRIMARY: &str = "only the phone that an account is registered on can do this, never a linked device";
const PARTNER: &str =
    "accounts and billing are the vendor's own; POST /v1/sessions makes a session and its instance";
const WEBHOOKS: &str = "webhooks in the vendor's form are not served yet; POST /v1/webhooks has Enlace's own";

/// Every section.
pub(in crate::z_api) fn sections() -> Vec<Section> {
    vec![
        linking(),
        settings(),
        sending(),
        sending_interactive(),
        chats(),
        contacts(),
        groups(),
        newsletters(),
        privacy(),
        business(),
        mobile(),
        partner(),
        webhooks(),
        queue(),
    ]
}

fn linking() -> Section {
    let section = Section::new("Instance")
        .supported(Get, at!("/qr-code"), get_qr_code::handler)
        .supported(Get, at!("/qr-code/image"), get_qr_code_image::handler)
        .supported(Get, at!("/phone-code/{phone}"), get_phone_code::handler)
        .supported(Get, at!("/status"), get_status::handler)
        .supported(Get, at!("/disconnect"), disconnect::handler)
        .supported(Get, at!("/restart"), restart::handler)
        .supported(Get, at!("/restore-session"), restore_session::handler)
        .partial(
            Get,
            at!("/device"),
            "`imgUrl`, `about`, `originalDevice` and `isBusiness` are null: Enlace does not ask WhatsApp for them yet",
            get_device::handler,
        )
        .supported(Get, at!("/me"), get_me::handler);
    let section = lacks(section, VENDORS_OWN, &[(Get, at!("/extension-token"))]);
    let section = lacks(section, PASSKEY, &[(Post, at!("/passkey-prologue"))]);
    lacks(section, CHALLENGE_AGAIN, &[(Post, at!("/reset-passkey-challenge"))])
}

fn settings() -> Section {
    let section = Section::new("Instance settings").supported(Put, at!("/update-name"), update_name::handler);
    let profile = [at!("/profile-name"), at!("/profile-description"), at!("/profile-picture")];
    let section = lacks(section, PROFILE, &profile.map(|path| (Put, path)));
    let by_itself = [
        at!("/update-auto-read-message"),
        at!("/update-auto-read-status"),
        at!("/update-call-reject-auto"),
        at!("/update-call-reject-message"),
    ];
    let section = lacks(section, BY_ITSELF, &by_itself.map(|path| (Put, path)));
    lacks(section, ALWAYS_QUEUES, &[(Put, at!("/update-queue-settings"))])
}

fn sending() -> Section {
    let section = Section::new("Messages").partial(
        Post,
        at!("/send-text"),
        "texts alone: replies, mentions and delays are left out, `editMessageId` and `privateAnswer` refused",
        send_text::handler,
    );
    let media = [
        at!("/send-image"),
        at!("/send-sticker"),
        at!("/send-gif"),
        at!("/send-audio"),
        at!("/send-video"),
        at!("/send-ptv"),
        at!("/send-document/{ext}"),
        at!("/send-link"),
        at!("/send-location"),
        at!("/send-contact"),
        at!("/send-contacts"),
        at!("/send-product"),
        at!("/send-catalog"),
        at!("/send-reaction"),
        at!("/send-remove-reaction"),
        at!("/forward-message"),
    ];
    let section = lacks(section, TEXTS_ONLY, &media.map(|path| (Post, path)));
    let later = [(Post, at!("/read-message")), (Delete, at!("/messages")), (Post, at!("/pin-message"))];
    let section = lacks(section, LATER, &later);
    let more = [
        at!("/send-poll"),
        at!("/send-poll-vote"),
        at!("/send-event"),
        at!("/send-edit-event"),
        at!("/send-event-response"),
    ];
    lacks(section, TEXTS_ONLY, &more.map(|path| (Post, path)))
}

fn sending_interactive() -> Section {
    let interactive = [
        at!("/send-button-actions"),
        at!("/send-button-list"),
        at!("/send-button-otp"),
        at!("/send-button-pix"),
        at!("/send-option-list"),
        at!("/send-carousel"),
        at!("/reply-button"),
        at!("/reply-template-button"),
        at!("/send-order"),
        at!("/order-status-update"),
        at!("/order-payment-update"),
    ];
    let section = Section::new("Buttons, orders, calls and statuses");
    let section = lacks(section, INTERACTIVE, &interactive.map(|path| (Post, path)));
    let section = lacks(section, CHANNELS, &[(Post, at!("/send-newsletter-admin-invite"))]);
    let section = lacks(section, CALLS, &[(Post, at!("/send-call"))]);
    let own = [(Get, at!("/call-token")), (Get, at!("/sip-info")), (Post, at!("/sip-token"))];
    let section = lacks(section, VENDORS_OWN, &own);
    let statuses = [
        at!("/send-text-status"),
        at!("/send-image-status"),
        at!("/send-video-status"),
        at!("/reply-status-text"),
        at!("/reply-status-gif"),
        at!("/reply-status-sticker"),
    ];
    lacks(section, LATER, &statuses.map(|path| (Post, path)))
}

fn chats() -> Section {
    let chats = [
        (Get, at!("/chats")),
        (Get, at!("/chats/{phone}")),
        (Get, at!("/chat-messages/{phone}")),
        (Post, at!("/modify-chat")),
        (Post, at!("/send-chat-expiration")),
        (Post, at!("/chats/{phone}/notes")),
        (Put, at!("/chats/{phone}/tags/{tag}/add")),
        (Put, at!("/chats/{phone}/tags/{tag}/remove")),
    ];
    lacks(Section::new("Chats"), LATER, &chats)
}

fn contacts() -> Section {
    let contacts = [
        (Get, at!("/contacts")),
        (Get, at!("/contacts/{phone}")),
        (Post, at!("/contacts/add")),
        (Delete, at!("/contacts/remove")),
        (Post, at!("/contacts/modify-blocked")),
        (Post, at!("/contacts/{phone}/report")),
        (Get, at!("/profile-picture")),
    ];
    lacks(Section::new("Contacts"), LATER, &contacts)
        .supported(Get, at!("/phone-exists/{phone}"), check_phone::handler)
        .partial(
            Post,
            at!("/phone-exists-batch"),
            "1,000 numbers in one request and not 50,000: WhatsApp takes who asks for more for a spammer",
            check_phones::handler,
        )
}

fn groups() -> Section {
    let groups = [
        (Get, at!("/groups")),
        (Post, at!("/create-group")),
        (Post, at!("/update-group-name")),
        (Post, at!("/update-group-photo")),
        (Post, at!("/update-group-description")),
        (Post, at!("/update-group-settings")),
        (Post, at!("/add-participant")),
        (Post, at!("/remove-participant")),
        (Post, at!("/approve-participant")),
        (Post, at!("/reject-participant")),
        (Post, at!("/add-admin")),
        (Post, at!("/remove-admin")),
        (Post, at!("/leave-group")),
        (Get, at!("/group-metadata/{groupId}")),
        (Get, at!("/light-group-metadata/{groupId}")),
        (Get, at!("/group-invitation-metadata")),
        (Get, at!("/group-invitation-link/{groupId}")),
        (Post, at!("/redefine-invitation-link/{groupId}")),
        (Get, at!("/accept-invite-group")),
        (Get, at!("/communities")),
        (Post, at!("/communities")),
        (Get, at!("/communities-metadata/{id}")),
        (Delete, at!("/communities/{id}")),
        (Post, at!("/communities/link")),
        (Post, at!("/communities/unlink")),
        (Post, at!("/communities/settings")),
        (Post, at!("/update-community-photo")),
        (Post, at!("/update-community-description")),
    ];
    lacks(Section::new("Groups and communities"), GROUPS, &groups)
}

fn newsletters() -> Section {
    let channels = [
        (Post, at!("/create-newsletter")),
        (Post, at!("/update-newsletter-picture")),
        (Post, at!("/update-newsletter-name")),
        (Post, at!("/update-newsletter-description")),
        (Put, at!("/follow-newsletter")),
        (Put, at!("/unfollow-newsletter")),
        (Put, at!("/mute-newsletter")),
        (Put, at!("/unmute-newsletter")),
        (Delete, at!("/delete-newsletter")),
        (Get, at!("/newsletter")),
        (Get, at!("/newsletter/metadata/{id}")),
        (Get, at!("/newsletter/subscribers/{id}")),
        (Post, at!("/search-newsletter")),
        (Post, at!("/newsletter/settings/{id}")),
        (Post, at!("/newsletter/accept-admin-invite/{id}")),
        (Post, at!("/newsletter/remove-admin/{id}")),
        (Post, at!("/newsletter/revoke-admin-invite/{id}")),
        (Post, at!("/newsletter/transfer-ownership/{id}")),
    ];
    let section = lacks(Section::new("Channels and broadcast lists"), CHANNELS, &channels);
    let lists = [
        (Post, at!("/broadcast")),
        (Get, at!("/broadcast")),
        (Put, at!("/broadcast/{id}")),
        (Delete, at!("/broadcast/{id}")),
    ];
    lacks(section, PRIMARY, &lists)
}

fn privacy() -> Section {
    let privacy = [
        (Get, at!("/privacy/disallowed-contacts")),
        (Post, at!("/privacy/last-seen")),
        (Post, at!("/privacy/photo")),
        (Post, at!("/privacy/photo-visualization")),
        (Post, at!("/privacy/description")),
        (Post, at!("/privacy/group-add")),
        (Post, at!("/privacy/online")),
        (Post, at!("/privacy/read-receipts")),
        (Post, at!("/privacy/messages-duration")),
    ];
    lacks(Section::new("Privacy"), LATER, &privacy)
}

fn business() -> Section {
    let business = [
        (Get, at!("/tags")),
        (Post, at!("/business/create-tag")),
        (Post, at!("/business/edit-tag/{id}")),
        (Delete, at!("/business/tag/{id}")),
        (Get, at!("/business/tags/colors")),
        (Get, at!("/business/profile")),
        (Get, at!("/business/available-categories")),
        (Post, at!("/business/company-description")),
        (Post, at!("/business/company-email")),
        (Post, at!("/business/company-address")),
        (Post, at!("/business/company-websites")),
        (Post, at!("/business/hours")),
        (Post, at!("/business/categories")),
        (Post, at!("/products")),
        (Get, at!("/products/{id}")),
        (Delete, at!("/products/{id}")),
        (Get, at!("/catalogs")),
        (Post, at!("/catalogs")),
        (Get, at!("/catalogs/{phone}")),
        (Post, at!("/catalogs/{phone}")),
        (Post, at!("/catalogs/config")),
        (Post, at!("/catalogs/collection")),
        (Get, at!("/catalogs/collection")),
        (Delete, at!("/catalogs/collection/{id}")),
        (Post, at!("/catalogs/collection-edit/{id}")),
        (Get, at!("/catalogs/collection-products/{phone}")),
        (Post, at!("/catalogs/collection/add-product")),
        (Post, at!("/catalogs/collection/remove-product")),
    ];
    lacks(Section::new("Business"), LATER, &business)
}

fn mobile() -> Section {
    let primary = [
        (Post, at!("/mobile/registration-available")),
        (Post, at!("/mobile/request-registration-code")),
        (Post, at!("/mobile/respond-captcha")),
        (Post, at!("/mobile/confirm-registration-code")),
        (Post, at!("/mobile/confirm-pin-code")),
        (Post, at!("/mobile/recovery-pin-code")),
        (Post, at!("/mobile/request-unbanning")),
        (Get, at!("/security/two-fa-code")),
        (Post, at!("/security/two-fa-code")),
        (Post, at!("/security/two-fa-code/remove")),
        (Get, at!("/security/email")),
        (Post, at!("/security/email")),
        (Post, at!("/security/verify-email")),
        (Post, at!("/security/email/remove")),
    ];
    lacks(Section::new("Mobile and security"), PRIMARY, &primary)
}

fn partner() -> Section {
    let partner = [
        (Post, "/instances/integrator/on-demand"),
        (Get, "/instances"),
        (Post, at!("/integrator/on-demand/subscription")),
        (Post, at!("/integrator/on-demand/cancel")),
        (Put, at!("/integrator/on-demand/subscription/update")),
        (Put, "/integrator/configure-proxy"),
        (Put, at!("/update-proxy-webhook")),
        (Get, at!("/sdk-connector-token")),
    ];
    lacks(Section::new("Partner"), PARTNER, &partner)
}

fn webhooks() -> Section {
    let webhooks = [
        at!("/update-webhook-received"),
        at!("/update-webhook-received-delivery"),
        at!("/update-webhook-receive"),
        at!("/update-webhook-delivery"),
        at!("/update-webhook-message-status"),
        at!("/update-webhook-connected"),
        at!("/update-webhook-disconnected"),
        at!("/update-webhook-chat-presence"),
        at!("/update-every-webhooks"),
        at!("/update-notify-sent-by-me"),
        at!("/update-filters"),
    ];
    lacks(Section::new("Webhooks"), WEBHOOKS, &webhooks.map(|path| (Put, path)))
}

fn queue() -> Section {
    let queue = [
        (Post, at!("/queue")),
        (Get, at!("/queue")),
        (Get, at!("/queue/count")),
        (Delete, at!("/queue")),
        (Delete, at!("/queue/{zaapId}")),
    ];
    lacks(Section::new("Queue"), LATER, &queue)
}

/// Adds what is not served. It answers 400 like all that the vendor does not take: its clients read `error` there, and
/// many HTTP libraries send again what answers 5xx.
fn lacks(section: Section, why: &'static str, operations: &[(Method, &'static str)]) -> Section {
    let refuse = move || std::future::ready(Refused::invalid(format!("Not served by Enlace: {why}")));
    section.absent(why, refuse, operations)
}
