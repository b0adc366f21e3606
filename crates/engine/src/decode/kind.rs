//! What a protocol message is: text, something this version does not read, or nothing that a person said.

use enlace_domain::message::Content;
use waproto::whatsapp::Message;

/// Wrappers within wrappers are followed this far; real ones nest two or three deep.
const DEPTH: usize = 8;

/// What was said, if anything was. Keys, edits, deletions, settings and other housekeeping say nothing.
pub(super) fn content(message: &Message) -> Option<Content> {
    let message = unwrap(message);
    if let Some(text) = message.conversation.as_deref().filter(|text| !text.is_empty()) {
        return Some(Content::Text(text.to_owned()));
    }
    if let Some(extended) = message.extended_text_message.as_option() {
        return Some(Content::Text(extended.text.clone().unwrap_or_default()));
    }
    unread_kind(message).map(|kind| Content::Unsupported { kind: kind.to_owned() })
}

/// Follows the envelopes: copies from our other devices, disappearing and view-once messages, and the like.
fn unwrap(mut message: &Message) -> &Message {
    for _ in 0..DEPTH {
        let sent = message.device_sent_message.as_option().and_then(|sent| sent.message.as_option());
        let envelopes = [
            &message.view_once_message,
            &message.ephemeral_message,
            &message.document_with_caption_message,
            &message.view_once_message_v2,
            &message.view_once_message_v2_extension,
            &message.group_mentioned_message,
            &message.bot_invoke_message,
            &message.lottie_sticker_message,
            &message.status_mention_message,
            &message.associated_child_message,
            &message.group_status_mention_message,
            &message.limit_sharing_message,
            &message.bot_task_message,
            &message.question_message,
            &message.bot_forwarded_message,
            &message.question_reply_message,
            &message.spoiler_message,
        ];
        let inner = envelopes.into_iter().find_map(|envelope| envelope.as_option()?.message.as_option());
        match sent.or(inner) {
            Some(inner) => message = inner,
            None => break,
        }
    }
    message
}

/// The protocol's name of the first kind found, in the order of the protocol's own list.
macro_rules! first_kind {
    ($message:expr, $($field:ident => $name:literal,)*) => {
        $(if $message.$field.is_set() { return Some($name); })*
    };
}

fn unread_kind(message: &Message) -> Option<&'static str> {
    first_kind! { message,
        image_message => "imageMessage",
        contact_message => "contactMessage",
        location_message => "locationMessage",
        document_message => "documentMessage",
        audio_message => "audioMessage",
        video_message => "videoMessage",
        contacts_array_message => "contactsArrayMessage",
        highly_structured_message => "highlyStructuredMessage",
        send_payment_message => "sendPaymentMessage",
        live_location_message => "liveLocationMessage",
        request_payment_message => "requestPaymentMessage",
        decline_payment_request_message => "declinePaymentRequestMessage",
        cancel_payment_request_message => "cancelPaymentRequestMessage",
        template_message => "templateMessage",
        sticker_message => "stickerMessage",
        group_invite_message => "groupInviteMessage",
        template_button_reply_message => "templateButtonReplyMessage",
        product_message => "productMessage",
        list_message => "listMessage",
        order_message => "orderMessage",
        list_response_message => "listResponseMessage",
        invoice_message => "invoiceMessage",
        buttons_message => "buttonsMessage",
        buttons_response_message => "buttonsResponseMessage",
        payment_invite_message => "paymentInviteMessage",
        interactive_message => "interactiveMessage",
        reaction_message => "reactionMessage",
        interactive_response_message => "interactiveResponseMessage",
        poll_creation_message => "pollCreationMessage",
        poll_update_message => "pollUpdateMessage",
        request_phone_number_message => "requestPhoneNumberMessage",
        enc_reaction_message => "encReactionMessage",
        poll_creation_message_v2 => "pollCreationMessageV2",
        scheduled_call_creation_message => "scheduledCallCreationMessage",
        poll_creation_message_v3 => "pollCreationMessageV3",
        scheduled_call_edit_message => "scheduledCallEditMessage",
        ptv_message => "ptvMessage",
        call_log_messsage => "callLogMesssage",
        enc_comment_message => "encCommentMessage",
        bcall_message => "bcallMessage",
        event_message => "eventMessage",
        enc_event_response_message => "encEventResponseMessage",
        comment_message => "commentMessage",
        newsletter_admin_invite_message => "newsletterAdminInviteMessage",
        album_message => "albumMessage",
        event_cover_image => "eventCoverImage",
        sticker_pack_message => "stickerPackMessage",
        poll_result_snapshot_message => "pollResultSnapshotMessage",
        poll_creation_option_image_message => "pollCreationOptionImageMessage",
        poll_creation_message_v4 => "pollCreationMessageV4",
        status_add_yours => "statusAddYours",
        group_status_message => "groupStatusMessage",
        rich_response_message => "richResponseMessage",
        status_notification_message => "statusNotificationMessage",
        group_status_message_v2 => "groupStatusMessageV2",
        status_question_answer_message => "statusQuestionAnswerMessage",
        question_response_message => "questionResponseMessage",
        status_quoted_message => "statusQuotedMessage",
        status_sticker_interaction_message => "statusStickerInteractionMessage",
        poll_creation_message_v5 => "pollCreationMessageV5",
        newsletter_follower_invite_message_v2 => "newsletterFollowerInviteMessageV2",
        poll_result_snapshot_message_v3 => "pollResultSnapshotMessageV3",
        newsletter_admin_profile_message => "newsletterAdminProfileMessage",
        newsletter_admin_profile_message_v2 => "newsletterAdminProfileMessageV2",
        poll_creation_message_v6 => "pollCreationMessageV6",
        conditional_reveal_message => "conditionalRevealMessage",
        poll_add_option_message => "pollAddOptionMessage",
        event_invite_message => "eventInviteMessage",
        payment_reminder_message => "paymentReminderMessage",
        split_payment_message => "splitPaymentMessage",
        newsletter_admin_profile_status_message => "newsletterAdminProfileStatusMessage",
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use buffa::MessageField;
    use waproto::whatsapp::message::{
        DeviceSentMessage, ExtendedTextMessage, FutureProofMessage, ImageMessage, ProtocolMessage,
        ReactionMessage, SenderKeyDistributionMessage,
    };

    fn text(text: &str) -> Message {
        Message { conversation: Some(text.to_owned()), ..Default::default() }
    }

    fn envelope(message: Message) -> MessageField<FutureProofMessage> {
        MessageField::some(FutureProofMessage { message: MessageField::some(message) })
    }

    fn said(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn both_forms_of_text_are_read() {
        assert_eq!(content(&text("hello")), Some(said("hello")));
        let extended =
            ExtendedTextMessage { text: Some("see https://a.example".to_owned()), ..Default::default() };
        let message = Message { extended_text_message: MessageField::some(extended), ..Default::default() };
        assert_eq!(content(&message), Some(said("see https://a.example")));
    }

    #[test]
    fn text_is_found_in_envelopes_within_envelopes() {
        let disappearing = Message { ephemeral_message: envelope(text("inside")), ..Default::default() };
        assert_eq!(content(&disappearing), Some(said("inside")));
        let copy = DeviceSentMessage { message: MessageField::some(disappearing), ..Default::default() };
        let message = Message { device_sent_message: MessageField::some(copy), ..Default::default() };
        assert_eq!(content(&message), Some(said("inside")));
    }

    #[test]
    fn endless_envelopes_end() {
        let mut message = text("deep");
        for _ in 0..100 {
            message = Message { ephemeral_message: envelope(message), ..Default::default() };
        }
        assert_eq!(content(&message), None);
    }

    #[test]
    fn other_kinds_are_named_as_the_protocol_names_them() {
        let image =
            Message { image_message: MessageField::some(ImageMessage::default()), ..Default::default() };
        assert_eq!(content(&image), Some(Content::Unsupported { kind: "imageMessage".to_owned() }));
        let reaction = Message {
            reaction_message: MessageField::some(ReactionMessage::default()),
            ..Default::default()
        };
        let once = Message { view_once_message_v2: envelope(image), ..Default::default() };
        assert_eq!(content(&once), Some(Content::Unsupported { kind: "imageMessage".to_owned() }));
        assert_eq!(content(&reaction), Some(Content::Unsupported { kind: "reactionMessage".to_owned() }));
    }

    #[test]
    fn housekeeping_says_nothing() {
        let keys = SenderKeyDistributionMessage::default();
        let silent = [
            Message::default(),
            Message {
                protocol_message: MessageField::some(ProtocolMessage::default()),
                ..Default::default()
            },
            Message { sender_key_distribution_message: MessageField::some(keys), ..Default::default() },
            Message { edited_message: envelope(text("edited")), ..Default::default() },
        ];
        for message in silent {
            assert_eq!(content(&message), None);
        }
    }
}
