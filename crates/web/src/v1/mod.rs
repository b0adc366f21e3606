//! Version 1 of the API: a folder per resource, a file per operation, named by its verb.

pub(crate) mod events;
pub(crate) mod messages;
pub(crate) mod sessions;
pub(crate) mod version;

use crate::kit::state::Shared;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(sessions::routes())
        .merge(messages::routes())
        .merge(events::routes())
        .merge(version::routes())
}
