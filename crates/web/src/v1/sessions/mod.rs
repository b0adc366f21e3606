//! Sessions: their records, their life, and linking.

mod aliases;
mod create;
mod delete;
mod events;
mod get;
mod link;
mod list;
mod logout;
mod passkey;
mod passkey_answer;
mod passkey_confirm;
mod qr;
mod qr_drawing;
mod qr_format;
mod qr_view;
mod restart;
mod settings;
mod start;
mod stop;
mod summary;
mod unsupported;
mod update;
mod view;

pub use qr_drawing::draw_sample;
pub use qr_format::QrFormat;

use crate::kit::state::Shared;
use axum::routing::head;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(summary::summary))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(start::start))
        .routes(routes!(stop::stop))
        .routes(routes!(restart::restart))
        .routes(routes!(logout::logout))
        .routes(routes!(link::link))
        .routes(routes!(passkey::passkey, passkey_answer::answer))
        .routes(routes!(passkey_confirm::confirm))
        .routes(routes!(qr::qr))
        .route(qr::PATH, head(qr::only_get).fallback(qr::only_get))
        .routes(routes!(events::events))
}
