//! Version 1 of the API: a folder per resource, a file per operation, named by its verb.

pub(crate) mod audit;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod sessions;
pub(crate) mod stream_tickets;
pub(crate) mod version;

use crate::kit::state::Shared;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(sessions::routes())
        .merge(messages::routes())
        .merge(events::routes())
        .merge(stream_tickets::routes())
        .merge(keys::routes())
        .merge(audit::routes())
        .merge(version::routes())
}
