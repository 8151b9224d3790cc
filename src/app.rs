//! The service as a whole: the shared context, the routers of all domains, the layers around them.

use crate::{
    access::{self, Guard, KeyError, Tokens},
    audit::{self, Recorder, refusals},
    cache::{Counters, Pages},
    catalogue,
    clock::{Clock, Ids},
    config::Settings,
    context::Ctx,
    delivery,
    http::{ApiError, FieldProblem, ProblemBody, conditional, envelope},
    jobs, ledger,
    metrics::Metrics,
    openapi,
    ordering::{self, Placer},
    registry, share,
    store::{Store, StoreError, connect},
    suppliers,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use entity::import_run::ImportKind;
use std::{sync::Arc, time::Duration};
use thiserror::Error;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Bytes a body may have; imports have a limit of their own.
const BODY_LIMIT: usize = 1024 * 1024;
/// Longest time a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the service does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The Redis address.
    #[error("REDIS_URL cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
}

/// Connects everything the settings name. Does not migrate.
///
/// # Errors
/// [`StartError`] naming the part that is missing.
pub async fn context(settings: Settings, clock: Arc<dyn Clock>, ids: Ids) -> Result<Ctx, StartError> {
    let store = connect(&settings.database_url, settings.database_read_url.as_deref()).await?;
    let tokens = Tokens::from_file(&settings.token_key_file)?;
    context_with(settings, clock, ids, store, tokens).map_err(StartError::from)
}

/// The same with a store and tokens that are there already.
///
/// # Errors
/// When the Redis address is none.
pub fn context_with(
    settings: Settings,
    clock: Arc<dyn Clock>,
    ids: Ids,
    store: Store,
    tokens: Tokens,
) -> Result<Ctx, redis::RedisError> {
    let counters = match &settings.redis_url {
        Some(url) => Counters::redis(url)?,
        None => Counters::local(),
    };
    Ok(Ctx {
        store,
        clock,
        ids,
        counters,
        pages: Arc::new(Pages::default()),
        tokens: Arc::new(tokens),
        guard: Arc::new(Guard::default()),
        settings: Arc::new(settings),
        metrics: Arc::new(Metrics::default()),
    })
}

#[derive(OpenApi)]
// The last two are known from query parameters only, which bring no schemas along.
#[openapi(components(schemas(ProblemBody, FieldProblem, ImportKind, share::By)))]
struct Base;

fn api(ctx: &Ctx, placer: &Placer) -> OpenApiRouter {
    let v1 = OpenApiRouter::new()
        .merge(access::router(ctx.clone()))
        .merge(registry::router(ctx.clone()))
        .merge(suppliers::router(ctx.clone()))
        .merge(catalogue::router(ctx.clone()))
        .merge(ordering::router(ctx.clone(), placer.clone()))
        .merge(delivery::router(ctx.clone()))
        .merge(ledger::router(ctx.clone()))
        .merge(share::router(ctx.clone()))
        .merge(jobs::router(ctx.clone()))
        .merge(audit::router(ctx.clone()));
    OpenApiRouter::with_openapi(Base::openapi()).nest("/api/v1", v1)
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn document(ctx: &Ctx) -> Document {
    let placer = Placer::detached();
    let (_, mut document) = api(ctx, &placer).split_for_parts();
    openapi::complete(&mut document);
    document
}

/// The service, ready to serve. Starts the writers of orders and of refusals; they end with the last clone of the
/// router.
pub fn router(ctx: Ctx) -> Router {
    let placer = Placer::start(ctx.clone());
    let recorder = Recorder::start(ctx.clone());
    let (api, mut document) = api(&ctx, &placer).split_for_parts();
    openapi::complete(&mut document);
    let text = document.to_pretty_json().unwrap_or_default();
    let docs = SwaggerUi::new("/docs").config(Config::from("/openapi.json").validator_url("none"));
    let probes = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(ctx.clone());
    Router::new()
        .merge(api.layer(DefaultBodyLimit::max(BODY_LIMIT)).layer(from_fn(conditional)))
        .merge(docs)
        .merge(probes)
        .route("/openapi.json", get(move || async move { ([(header::CONTENT_TYPE, "application/json")], text) }))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(recorder, refusals))
        .layer(from_fn_with_state(ctx, envelope))
}

async fn ready(State(ctx): State<Ctx>) -> Result<&'static str, ApiError> {
    ctx.store.ping().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        ApiError::Unavailable
    })?;
    Ok("ready\n")
}

async fn metrics(State(ctx): State<Ctx>) -> Response {
    match ctx.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
