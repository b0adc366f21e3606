//! The OpenAPI document, made from the very routes that are served.

use crate::kit::problem::ProblemBody;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The frame that the routes are written into.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Enlace",
        description = "A self-hosted WhatsApp gateway. Times are RFC 3339 UTC with milliseconds, durations whole seconds, lists `{items, next_page_token}`, errors `application/problem+json` with a stable `code`.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later"),
    ),
    tags(
        (name = "sessions", description = "WhatsApp numbers that are, or can be, linked."),
        (name = "messages", description = "What they say."),
        (name = "events", description = "What happened, as server-sent events."),
        (name = "keys", description = "Who may do what, and who did what."),
        (name = "gateway", description = "The gateway itself."),
    ),
    components(schemas(ProblemBody)),
    modifiers(&Keys),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(crate) struct Frame;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let http = |scheme, text: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(scheme).description(Some(text)).build())
        };
        components
            .add_security_scheme("bearer", http(HttpAuthScheme::Bearer, "The API key as bearer token."));
        components.add_security_scheme(
            "basic",
            http(
                HttpAuthScheme::Basic,
                "The API key as password, any user name; for clients that only take a URL.",
            ),
        );
        let ticket = ApiKeyValue::with_description(
            "ticket",
            "A ticket of POST /v1/stream-tickets; for event streams only.",
        );
        components.add_security_scheme("ticket", SecurityScheme::ApiKey(ApiKey::Query(ticket)));
        let header = ApiKeyValue::with_description("X-API-Key", "The API key.");
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}
