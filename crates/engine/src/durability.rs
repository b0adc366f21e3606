//! Messages are kept before the network is told that they arrived.

use crate::decode;
use crate::shared::Shared;
use async_trait::async_trait;
use std::sync::Arc;
use wacore::types::events::InboundMessage;
use whatsapp_rust::{Client, InboundDurabilityHook};

/// The library calls it with what it decrypted (and stored as pending), and acknowledges after it returned.
pub(crate) struct KeepFirst(pub(crate) Arc<Shared>);

#[async_trait]
impl InboundDurabilityHook for KeepFirst {
    async fn on_messages(&self, client: Arc<Client>, batch: &[InboundMessage]) -> anyhow::Result<()> {
        deliver(&self.0, &client, batch).await
    }
}

/// Decodes and hands over. Nothing is handed over when nothing in it was said by a person.
pub(crate) async fn deliver(
    shared: &Shared,
    client: &Client,
    batch: &[InboundMessage],
) -> anyhow::Result<()> {
    let mut messages = Vec::with_capacity(batch.len());
    for inbound in batch {
        messages.extend(decode::message::read(client, inbound).await);
    }
    if messages.is_empty() {
        return Ok(());
    }
    if let Err(error) = shared.inbox.messages(messages).await {
        shared.not_kept(&error);
        return Err(error.into());
    }
    Ok(())
}
