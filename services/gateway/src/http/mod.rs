//! The HTTP door: specs in, status, progress and patches out, and what an operator asks.
//!
//! `/v1` wants a bearer token where tokens are configured and is bounded in rate, number, size and time; the rest is for
//! probes. Errors are problem documents (RFC 9457) with the refusal's code. [`openapi`] describes every route.

mod auth;
mod bounds;
mod events;
pub mod openapi;
mod ops;
mod patches;
mod problem;
mod serve;
mod specs;
mod status;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{self, MethodRouter},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{bus::Bus, config::HttpConfig, ledger::Ledger, pipeline::Pipeline};
use auth::Tokens;
pub use auth::TokensError;
use bounds::Rate;
pub(crate) use serve::{Bounds, serve};

/// What the door is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) pipeline: Pipeline,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) synthesis: Channel,
    pub(crate) config: HttpConfig,
    /// Cancelled when the gateway begins to drain: it is not ready any more and takes no new spec.
    pub(crate) draining: CancellationToken,
}

/// The state of every handler.
#[derive(Clone, Debug)]
struct Door(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    tokens: Option<Tokens>,
    rate: Rate,
    requests: Semaphore,
    streams: Arc<Semaphore>,
}

/// The door's routes with everything around them.
pub(crate) fn router(parts: Parts) -> Result<Router, TokensError> {
    let tokens = parts.config.tokens_file.clone().map(Tokens::read).transpose()?;
    let door = Door(Arc::new(Inner {
        tokens,
        rate: Rate::new(parts.config.rate_per_second.get(), parts.config.rate_burst.get()),
        requests: Semaphore::new(parts.config.requests_max.get() as usize),
        streams: Arc::new(Semaphore::new(parts.config.streams_max.get() as usize)),
        parts,
    }));
    let guarded = v1().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    let guarded = guarded
        .route_layer(middleware::from_fn_with_state(door.clone(), bounds::bounded))
        .route_layer(middleware::from_fn_with_state(door.clone(), auth::authenticated));
    let open = probes().into_iter().fold(guarded, |router, (path, methods)| router.route(path, methods));
    Ok(open
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(middleware::from_fn(bounds::counted))
        .with_state(door))
}

fn v1() -> Vec<(&'static str, MethodRouter<Door>)> {
    vec![
        ("/v1/specs", routing::post(specs::submit)),
        ("/v1/specs/{id}", routing::get(status::show).delete(specs::cancel)),
        ("/v1/patches/{id}", routing::get(patches::show)),
    ]
}

fn probes() -> Vec<(&'static str, MethodRouter<Door>)> {
    vec![
        ("/healthz", routing::get(ops::healthz)),
        ("/readyz", routing::get(ops::readyz)),
        ("/metrics", routing::get(ops::metrics)),
        ("/openapi.json", routing::get(ops::openapi)),
    ]
}

impl Door {
    fn config(&self) -> &HttpConfig {
        &self.0.parts.config
    }

    fn ledger(&self) -> &dyn Ledger {
        &*self.0.parts.ledger
    }

    fn pipeline(&self) -> &Pipeline {
        &self.0.parts.pipeline
    }

    fn draining(&self) -> &CancellationToken {
        &self.0.parts.draining
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::OpenApi as _;

    use super::*;

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let described: BTreeSet<String> = openapi::Document::openapi().paths.paths.into_keys().collect();
        let routed = v1().into_iter().chain(probes()).map(|(path, _)| path.to_owned()).collect();
        assert_eq!(described, routed);
    }
}
