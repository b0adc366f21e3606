//! Messages of a session.

mod get;
mod idempotency;
mod list;
mod planned;
mod send;
mod view;

use crate::kit::state::Shared;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(send::send, list::list)).routes(routes!(get::get))
}
