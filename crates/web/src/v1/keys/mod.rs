//! API keys. Their text is shown once, when they are made.

mod create;
mod get;
mod list;
mod revoke;
mod update;
mod view;
mod written;

use crate::kit::state::Shared;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(create::create, list::list)).routes(routes!(
        get::get,
        update::update,
        revoke::revoke
    ))
}
