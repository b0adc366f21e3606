//! Routes that the API has by design and this version does not serve: answered with 501 and what to do meanwhile, so
//! that nobody takes them for a typing error. None of them is in the OpenAPI document.

use crate::kit::auth::{AnyKey, Caller, InSession};
use crate::kit::problem::Problem;
use crate::kit::state::Shared;
use axum::routing::{MethodRouter, any, delete};
use utoipa_axum::router::OpenApiRouter;

/// A route to come.
struct Planned {
    path: &'static str,
    /// What is not there.
    what: &'static str,
    /// What to do without it.
    instead: &'static str,
}

const fn planned(path: &'static str, what: &'static str, instead: &'static str) -> Planned {
    Planned { path, what, instead }
}

const LISTEN: &str = "read GET /v1/events instead";
const OWN_PAGE: &str = "show GET \u{2026}/qr on a page of your own";
const ON_THE_PHONE: &str = "use the phone";
const TEXT_ONLY: &str = "GET the message: it names its kind";

/// Of the gateway; each path stands for those below it too.
const OF_GATEWAY: [Planned; 1] = [planned("/v1/webhooks", "webhooks", LISTEN)];

/// Of a session, which must be there; each path stands for those below it too.
const OF_SESSION: [Planned; 10] = [
    planned("/v1/sessions/{id}/link-pages", "link pages", OWN_PAGE),
    planned("/v1/sessions/{id}/groups", "groups", ON_THE_PHONE),
    planned("/v1/sessions/{id}/chats", "chats", ON_THE_PHONE),
    planned("/v1/sessions/{id}/contacts", "contacts", ON_THE_PHONE),
    planned("/v1/sessions/{id}/channels", "channels", ON_THE_PHONE),
    planned("/v1/sessions/{id}/labels", "labels", ON_THE_PHONE),
    planned("/v1/sessions/{id}/statuses", "statuses", ON_THE_PHONE),
    planned("/v1/sessions/{id}/profile", "the profile", ON_THE_PHONE),
    planned("/v1/sessions/{id}/presence", "presence", ON_THE_PHONE),
    planned("/v1/sessions/{id}/messages/{mid}/media", "media", TEXT_ONLY),
];

/// Beside the reading of a message, which is served.
const CHANGE_OF_MESSAGE: Planned =
    planned("/v1/sessions/{id}/messages/{mid}", "changing and revoking messages", ON_THE_PHONE);

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    let router = OF_GATEWAY.iter().fold(OpenApiRouter::new(), |router, route| {
        with_below(router, route, any(|_: Caller<AnyKey>| async { route.problem() }))
    });
    let router = OF_SESSION.iter().fold(router, |router, route| {
        with_below(router, route, any(|_: InSession<AnyKey>| async { route.problem() }))
    });
    let change = |_: InSession<AnyKey>| async { CHANGE_OF_MESSAGE.problem() };
    router.route(CHANGE_OF_MESSAGE.path, delete(change).patch(change))
}

fn with_below(
    router: OpenApiRouter<Shared>,
    route: &Planned,
    answer: MethodRouter<Shared>,
) -> OpenApiRouter<Shared> {
    router.route(route.path, answer.clone()).route(&format!("{}/{{*below}}", route.path), answer)
}

impl Planned {
    fn problem(&self) -> Problem {
        let Self { what, instead, .. } = self;
        Problem::not_offered(format!("this version does not offer {what} yet; {instead}"))
    }
}
