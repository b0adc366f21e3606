//! How a message is shown, for the OpenAPI document: the domain's message serialises itself, the same on every surface.

use utoipa::ToSchema;

/// A message, ours or theirs.
#[derive(ToSchema)]
#[schema(as = Message, example = json!({
    "id": "msg_0198c0ffee0070008000000000000001",
    "wa_id": "3EB0C0FFEE0000000001",
    "session": "ana",
    "chat": "999100000002@s.whatsapp.net",
    "chat_person": {"pn": "999100000002@s.whatsapp.net", "lid": null},
    "from": "999100000001@s.whatsapp.net",
    "from_person": {"pn": "999100000001@s.whatsapp.net", "lid": "900000000000001@lid"},
    "from_me": true,
    "at": "2026-01-02T03:04:05.678Z",
    "status": "sent",
    "text": "Good morning"
}))]
#[expect(dead_code, reason = "describes the domain's Message, which serialises itself")]
pub(crate) struct MessageView {
    /// Ours.
    id: String,
    /// WhatsApp's id, fixed when the message is accepted.
    wa_id: String,
    /// The session it belongs to.
    session: String,
    /// The chat: the other person (by number where known, else by hidden id) or the group.
    chat: String,
    /// Both addresses of the chat's person, where known.
    chat_person: PersonView,
    /// Who wrote it.
    from: String,
    /// Both addresses of the writer, where known.
    from_person: PersonView,
    /// Whether this number wrote it, here or on the phone.
    from_me: bool,
    /// The writer's own name, where the network told it.
    push_name: Option<String>,
    /// When it was written.
    #[schema(format = DateTime)]
    at: String,
    /// How far it got.
    status: StatusWord,
    /// Why it failed, when it did.
    error: Option<String>,
    /// What it says, when it is text.
    text: Option<String>,
    /// A kind that this version does not read.
    unsupported: Option<UnsupportedView>,
    /// In the answer to sending: why it is not sent yet.
    waiting: Option<WaitingView>,
}

/// The two addresses of a person, each where known.
#[derive(ToSchema)]
#[schema(as = Person)]
#[expect(dead_code, reason = "describes the domain's Person, which serialises itself")]
pub(crate) struct PersonView {
    /// By phone number.
    #[schema(required)]
    pn: Option<String>,
    /// By hidden id.
    #[schema(required)]
    lid: Option<String>,
}

/// A kind that this version does not read.
#[derive(ToSchema)]
#[schema(as = UnsupportedContent)]
#[expect(dead_code, reason = "describes the domain's Content, which serialises itself")]
pub(crate) struct UnsupportedView {
    /// The protocol's name of the kind.
    kind: String,
}

/// Why a message is not sent yet.
#[derive(ToSchema)]
#[schema(as = Waiting)]
#[expect(dead_code, reason = "describes the domain's Waiting, which serialises itself")]
pub(crate) struct WaitingView {
    /// `offline` or `sending`.
    reason: String,
    /// Until when, where known.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// How far a message got; it only moves forward.
#[derive(ToSchema)]
#[schema(as = MessageStatus, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the domain's Status, which serialises itself")]
pub(crate) enum StatusWord {
    Queued,
    Failed,
    Sent,
    Delivered,
    Read,
    Played,
    Received,
}
