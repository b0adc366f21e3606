//! What messages say: reading them for lists, and building them from what the control API is given.

use buffa::{Message as _, MessageField};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use waproto::whatsapp as wa;

use super::limits::{self, check_length};
use super::rfc3339;
use crate::crypto::media::{EncryptedMedia, MediaKind, encrypt_media};
use crate::error::SimulatorError;
use crate::state::network::{Network, now_seconds};
use crate::state::records::MessageRecord;

/// A message as a phone shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhoneMessage {
    /// WhatsApp's id.
    pub id: String,
    /// `number@s.whatsapp.net` of the other person, or a group.
    pub chat: String,
    /// The author, `number@s.whatsapp.net`.
    pub from: String,
    /// The phone or one of its companions wrote it.
    pub from_me: bool,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// The text, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<PhoneMedia>,
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhoneMedia {
    /// `image`, `video`, `audio`, `document` or `sticker`.
    pub kind: &'static str,
    /// As its sender said.
    pub mimetype: String,
    /// The text beneath it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// A document's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Where the encrypted file lies on the media host.
    #[serde(skip)]
    pub(crate) direct_path: String,
    #[serde(skip)]
    pub(crate) media_key: Vec<u8>,
    #[serde(skip)]
    pub(crate) file_sha256: Option<Vec<u8>>,
}

/// A file to send.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaContent {
    /// The bytes.
    #[serde(deserialize_with = "base64_bytes")]
    pub data: Vec<u8>,
    /// e.g. `image/png`.
    #[serde(default)]
    pub mimetype: Option<String>,
    /// The text beneath it.
    #[serde(default)]
    pub caption: Option<String>,
    /// A document's name.
    #[serde(default)]
    pub filename: Option<String>,
    /// Audio only: it is a voice note.
    #[serde(default)]
    pub voice: bool,
}

/// What a phone is asked to send.
#[derive(Clone)]
pub enum OutgoingContent {
    /// A text.
    Text(String),
    /// A picture.
    Image(MediaContent),
    /// A film.
    Video(MediaContent),
    /// Sound, or a voice note.
    Audio(MediaContent),
    /// Any file.
    Document(MediaContent),
}

fn base64_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    use base64::Engine as _;
    let text = String::deserialize(deserializer)?;
    base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .map_err(|_| serde::de::Error::custom("`data` is not standard base64"))
}

impl OutgoingContent {
    /// `type` of the stanza.
    pub(super) fn stanza_type(&self) -> &'static str {
        if matches!(self, Self::Text(_)) { "text" } else { "media" }
    }

    /// Refuses what no stanza should carry.
    pub(super) fn check(&self) -> Result<(), SimulatorError> {
        let media = match self {
            Self::Text(text) => return check_length("text", text, limits::TEXT),
            Self::Image(media) | Self::Video(media) | Self::Audio(media) | Self::Document(media) => media,
        };
        let bounds = [
            ("caption", &media.caption, limits::TEXT),
            ("filename", &media.filename, limits::FILENAME),
            ("mimetype", &media.mimetype, limits::MIMETYPE),
        ];
        bounds.into_iter().try_for_each(|(field, text, most)| {
            text.as_deref().map_or(Ok(()), |text| check_length(field, text, most))
        })
    }

    /// The message; a file is encrypted and put on the media host. Blocks.
    pub(super) fn into_message(self, network: &Network) -> Result<wa::Message, SimulatorError> {
        let mut message = match self {
            Self::Text(text) => wa::Message { conversation: Some(text), ..Default::default() },
            Self::Image(media) => image(network, media)?,
            Self::Video(media) => video(network, media)?,
            Self::Audio(media) => audio(network, media)?,
            Self::Document(media) => document(network, media)?,
        };
        message.message_context_info = MessageField::some(wa::MessageContextInfo {
            message_secret: Some(rand::rng().random::<[u8; 32]>().to_vec()),
            ..Default::default()
        });
        Ok(message)
    }
}

/// A file on the media host, as a message names it.
struct Placed {
    url: Option<String>,
    direct_path: Option<String>,
    encrypted: EncryptedMedia,
    timestamp: Option<i64>,
}

fn place(network: &Network, kind: MediaKind, data: &[u8]) -> Result<Placed, SimulatorError> {
    let encrypted = encrypt_media(kind, data, &mut rand::rng());
    let direct_path = network.store_media(encrypted.bytes.clone().into())?;
    Ok(Placed {
        url: Some(format!("https://{}{direct_path}", network.media.host())),
        direct_path: Some(direct_path),
        encrypted,
        timestamp: i64::try_from(now_seconds()).ok(),
    })
}

macro_rules! file_message {
    ($placed:ident, $mimetype:expr, $type:ident { $($field:ident: $value:expr),* $(,)? }) => {
        wa::message::$type {
            url: $placed.url,
            direct_path: $placed.direct_path,
            mimetype: Some($mimetype),
            media_key: Some($placed.encrypted.media_key.to_vec()),
            media_key_timestamp: $placed.timestamp,
            file_sha256: Some($placed.encrypted.file_sha256.to_vec()),
            file_enc_sha256: Some($placed.encrypted.file_enc_sha256.to_vec()),
            file_length: Some($placed.encrypted.file_length),
            $($field: $value,)*
            ..Default::default()
        }
    };
}

fn image(network: &Network, media: MediaContent) -> Result<wa::Message, SimulatorError> {
    let placed = place(network, MediaKind::Image, &media.data)?;
    let mimetype = media.mimetype.unwrap_or_else(|| "image/jpeg".to_owned());
    let content = file_message!(placed, mimetype, ImageMessage { caption: media.caption });
    Ok(wa::Message { image_message: MessageField::some(content), ..Default::default() })
}

fn video(network: &Network, media: MediaContent) -> Result<wa::Message, SimulatorError> {
    let placed = place(network, MediaKind::Video, &media.data)?;
    let mimetype = media.mimetype.unwrap_or_else(|| "video/mp4".to_owned());
    let content = file_message!(placed, mimetype, VideoMessage { caption: media.caption });
    Ok(wa::Message { video_message: MessageField::some(content), ..Default::default() })
}

fn audio(network: &Network, media: MediaContent) -> Result<wa::Message, SimulatorError> {
    let placed = place(network, MediaKind::Audio, &media.data)?;
    let mimetype = media.mimetype.unwrap_or_else(|| "audio/ogg; codecs=opus".to_owned());
    let content = file_message!(placed, mimetype, AudioMessage { ptt: Some(media.voice) });
    Ok(wa::Message { audio_message: MessageField::some(content), ..Default::default() })
}

fn document(network: &Network, media: MediaContent) -> Result<wa::Message, SimulatorError> {
    let placed = place(network, MediaKind::Document, &media.data)?;
    let mimetype = media.mimetype.unwrap_or_else(|| "application/octet-stream".to_owned());
    let content = file_message!(
        placed,
        mimetype,
        DocumentMessage { file_name: media.filename.clone(), title: media.filename, caption: media.caption }
    );
    Ok(wa::Message { document_message: MessageField::some(content), ..Default::default() })
}

/// Whether a message is one that a person sees, not only keys or a command.
pub(super) fn has_content(message: &wa::Message) -> bool {
    let bare = wa::Message {
        sender_key_distribution_message: MessageField::none(),
        message_context_info: MessageField::none(),
        protocol_message: MessageField::none(),
        ..message.clone()
    };
    !bare.encode_to_vec().is_empty()
}

/// The text of a message, wherever its client put it.
fn text_of(message: &wa::Message) -> Option<String> {
    message.conversation.clone().or_else(|| message.extended_text_message.as_option()?.text.clone())
}

macro_rules! file_of {
    ($kind:literal, $file:ident, $caption:expr, $filename:expr) => {
        PhoneMedia {
            kind: $kind,
            mimetype: $file.mimetype.clone().unwrap_or_default(),
            caption: $caption,
            filename: $filename,
            direct_path: $file.direct_path.clone().or_else(|| $file.url.clone()).unwrap_or_default(),
            media_key: $file.media_key.clone().unwrap_or_default(),
            file_sha256: $file.file_sha256.clone(),
        }
    };
}

fn media_of(message: &wa::Message) -> Option<PhoneMedia> {
    if let Some(file) = message.image_message.as_option() {
        return Some(file_of!("image", file, file.caption.clone(), None));
    }
    if let Some(file) = message.video_message.as_option() {
        return Some(file_of!("video", file, file.caption.clone(), None));
    }
    if let Some(file) = message.audio_message.as_option() {
        return Some(file_of!("audio", file, None, None));
    }
    if let Some(file) = message.sticker_message.as_option() {
        return Some(file_of!("sticker", file, None, None));
    }
    let inner = message.document_with_caption_message.as_option().and_then(|m| m.message.as_option());
    let file = inner.unwrap_or(message).document_message.as_option()?;
    Some(file_of!("document", file, file.caption.clone(), file.file_name.clone()))
}

/// A remembered message for lists.
pub(super) fn read(record: &MessageRecord) -> Option<PhoneMessage> {
    let message = wa::Message::decode_from_slice(&record.content).ok()?;
    Some(PhoneMessage {
        id: record.id.clone(),
        chat: record.chat.clone(),
        from: record.from.clone(),
        from_me: record.from_me,
        at: rfc3339(record.at),
        text: text_of(&message),
        media: media_of(&message),
    })
}

impl PhoneMedia {
    /// The keys its kind is encrypted under.
    pub(crate) fn key_kind(&self) -> MediaKind {
        match self.kind {
            "video" => MediaKind::Video,
            "audio" => MediaKind::Audio,
            "document" => MediaKind::Document,
            _ => MediaKind::Image,
        }
    }
}
