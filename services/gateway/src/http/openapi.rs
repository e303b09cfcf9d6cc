//! The OpenAPI document of the door, made from the handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{ops, patches, problem, specs, status};

/// The document; `reweave-gateway openapi` and `/openapi.json` print it.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Reweave gateway", description = "Specs in; status, progress and patches out."),
    paths(
        specs::submit, status::show, specs::cancel, patches::show,
        ops::healthz, ops::readyz, ops::metrics, ops::openapi,
    ),
    components(schemas(status::Status, status::SpecState, problem::Document, problem::Evidence)),
    modifiers(&Bearer),
)]
pub struct Document;

/// Every route below `/v1` wants a token where tokens are configured.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
        document.security = Some(vec![utoipa::openapi::security::SecurityRequirement::new("bearer", [] as [&str; 0])]);
    }
}
