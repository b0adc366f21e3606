//! The event log as server-sent events.

mod cursor;
pub(crate) mod docs;
mod encode;
pub(crate) mod feed;
mod secrets;
mod stream;
mod view;

pub(crate) use feed::known_kinds;
pub(crate) use view::EventView;

use crate::kit::state::Shared;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(stream::stream))
}
