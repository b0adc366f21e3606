//! Staying invisible: the library announces the companion as online by itself; unless wanted, that is taken back at
//! once, because a phone whose companion is online shows no notifications.

use crate::runtime::ConnectionRuntime;
use std::sync::Arc;
use std::time::Duration;
use wacore::runtime::Runtime;
use whatsapp_rust::{Client, NodeFilter};

/// How long a name change may take to be followed by the library's announcement.
const WAIT: Duration = Duration::from_secs(10);

/// Takes the announcement back. Without a name the library announced nothing, and neither do we.
pub(crate) async fn withdraw(client: &Arc<Client>) {
    if let Err(error) = client.presence().set_unavailable().await {
        tracing::debug!(%error, "no presence was sent");
    }
}

/// After a change of the own name the library announces the companion again, at a moment of its own choosing. Must be
/// called before that, i.e. from the event.
pub(crate) fn answer_next_available(client: &Arc<Client>, runtime: &Arc<ConnectionRuntime>) {
    let announced = client.wait_for_sent_node(NodeFilter::tag("presence").attr("type", "available"));
    let client = Arc::downgrade(client);
    runtime.spawn_detached(Box::pin(async move {
        if !matches!(tokio::time::timeout(WAIT, announced).await, Ok(Ok(_))) {
            return;
        }
        if let Some(client) = client.upgrade() {
            // The announcement is built but perhaps not yet sent: ours must go after it.
            tokio::task::yield_now().await;
            withdraw(&client).await;
        }
    }));
}
