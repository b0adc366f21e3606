//! Messages and receipts of a phone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{Body, PathOf};
use super::phones::find;
use super::problem::Problem;
use crate::phone::{MediaContent, OutgoingContent, PhoneMedia, PhoneMessage, PhoneReceipt, ReceiptKind};
use crate::state::network::Network;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    to: String,
    text: Option<String>,
    image: Option<MediaContent>,
    video: Option<MediaContent>,
    audio: Option<MediaContent>,
    document: Option<MediaContent>,
}

impl NewMessage {
    fn content(self) -> Result<(String, OutgoingContent), Problem> {
        let mut contents: Vec<OutgoingContent> = [
            self.text.map(OutgoingContent::Text),
            self.image.map(OutgoingContent::Image),
            self.video.map(OutgoingContent::Video),
            self.audio.map(OutgoingContent::Audio),
            self.document.map(OutgoingContent::Document),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (contents.pop(), contents.is_empty()) {
            (Some(content), true) => Ok((self.to, content)),
            _ => Err(Problem::invalid("give exactly one of `text`, `image`, `video`, `audio`, `document`")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReceipt {
    ids: Vec<String>,
    r#type: ReceiptKind,
}

/// A message with the bytes of its file.
#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    message: PhoneMessage,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<ListedMedia>,
}

#[derive(Serialize)]
struct ListedMedia {
    #[serde(flatten)]
    media: PhoneMedia,
    /// Base64; absent if the file is not on the media host or does not decrypt.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
}

pub(super) async fn send(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(message): Body<NewMessage>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let phone = find(&network, &number)?;
    let (to, content) = message.content()?;
    let id = phone.send(&to, content).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

pub(super) async fn list(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
) -> Result<Json<Vec<Listed>>, Problem> {
    let phone = find(&network, &number)?;
    // Files are read from the disk and decrypted.
    let listed = tokio::task::spawn_blocking(move || {
        let messages = phone.messages().into_iter();
        messages
            .map(|mut message| {
                let media = message.media.take().map(|media| ListedMedia {
                    data: phone
                        .download(&media)
                        .ok()
                        .map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes)),
                    media,
                });
                Listed { message, media }
            })
            .collect()
    });
    Ok(Json(listed.await.map_err(|_| crate::SimulatorError::ShuttingDown)?))
}

pub(super) async fn receipts(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
) -> Result<Json<Vec<PhoneReceipt>>, Problem> {
    Ok(Json(find(&network, &number)?.receipts()))
}

pub(super) async fn mark(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(receipt): Body<NewReceipt>,
) -> Result<StatusCode, Problem> {
    find(&network, &number)?.mark(receipt.r#type, &receipt.ids).await?;
    Ok(StatusCode::NO_CONTENT)
}
