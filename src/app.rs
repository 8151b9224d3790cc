//! The service as a whole: the shared context, the routers of all domains, the layers around them.

mod around;

pub use self::around::guarded;

use self::around::Around;
use crate::{
    access::{self, Guard, KeyError, Seal, Tokens},
    audit::{self, Recorder},
    cache::{Counters, Pages, Recent},
    catalogue,
    clock::{Clock, Ids},
    config::Settings,
    context::{Ctx, Parts},
    delivery, documents, exports, households,
    http::{
        ApiError, ClientAddress, FieldProblem, ProblemBody, RATE_LIMIT, RATE_LIMIT_POLICY, Text, conditional,
        was_forwarded,
    },
    imports, jobs,
    ledger::{self, Receiver},
    metrics::Metrics,
    monitor, openapi,
    ordering::{self, Placer},
    registry, share, statements,
    store::{Files, FilesError, Store, StoreError, connect},
    suppliers,
    vault::Vault,
};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use entity::import_run::ImportKind;
use std::{sync::Arc, time::Duration};
use thiserror::Error;
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Why the service does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The folder or bucket of documents.
    #[error("DOCUMENTS_URL cannot be used: {0}")]
    Files(#[from] FilesError),
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
    let tokens = Tokens::from_files(settings.token_keys.clone())?;
    access::password::limit(settings.password_at_once, settings.password_waiting);
    let ctx = context_with(settings, clock, ids, store, tokens)?;
    ctx.seal.ready()?;
    ctx.files.ready()?;
    Ok(ctx)
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
    Ok(Parts {
        store,
        files: Arc::new(Files::at(settings.documents.clone())),
        clock,
        ids,
        allowances: counters.allowances(),
        guard: Arc::new(Guard::ringing(counters.bell())),
        counters,
        pages: Arc::new(Pages::default()),
        recent: Arc::new(Recent::default()),
        tokens: Arc::new(tokens),
        vault: Arc::new(Vault::new(settings.master_keys.clone())),
        seal: Arc::new(Seal::at(settings.seal_key_file.clone())),
        settings: Arc::new(settings),
        metrics: Arc::new(Metrics::default()),
    }
    .into())
}

/// The document of the interface, as `xiaonong openapi` wrote it.
const DOCUMENT: &str = include_str!("../openapi/openapi.json");

#[derive(OpenApi)]
// The last two are known from query parameters only, which bring no schemas along.
#[openapi(components(schemas(ProblemBody, FieldProblem, ImportKind, share::By)))]
struct Base;

fn api(ctx: &Ctx, placer: Placer, receiver: Receiver) -> OpenApiRouter {
    let v1 = OpenApiRouter::new()
        .merge(access::router(ctx.clone()))
        .merge(registry::router(ctx.clone()))
        .merge(documents::router(ctx.clone()))
        .merge(suppliers::router(ctx.clone()))
        .merge(households::router(ctx.clone()))
        .merge(catalogue::router(ctx.clone()))
        .merge(ordering::router(ctx.clone(), placer))
        .merge(delivery::router(ctx.clone()))
        .merge(ledger::router(ctx.clone(), receiver))
        .merge(share::router(ctx.clone()))
        .merge(statements::router(ctx.clone()))
        .merge(imports::router(ctx.clone()))
        .merge(jobs::router(ctx.clone()))
        .merge(audit::router(ctx.clone()));
    OpenApiRouter::with_openapi(Base::openapi()).nest("/api/v1", v1).merge(access::well_known(ctx.clone()))
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn document(ctx: &Ctx) -> Document {
    let (_, mut document) = api(ctx, Placer::detached(), Receiver::detached()).split_for_parts();
    openapi::complete(&mut document);
    document
}

/// The service, ready to serve. Starts the writers of orders, receipts and refusals; they end with the last clone of the
/// router.
pub fn router(ctx: Ctx) -> Router {
    let (placer, receiver) = (Placer::start(ctx.clone()), Receiver::start(ctx.clone()));
    let recorder = Recorder::start(ctx.clone());
    // The document is served as it was committed, which a test holds to what the routes make: to make it anew takes
    // twenty megabytes at every start.
    let (api, _) = api(&ctx, placer, receiver).split_for_parts();
    let docs = SwaggerUi::new("/docs").config(Config::from("/openapi.json").validator_url("none"));
    let probes = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(ctx.clone());
    let cors = cors(&ctx.settings.cors_origins);
    let around = Around::new(ctx, recorder, exports::Lists::of(DOCUMENT));
    let held = from_fn(|request: Request, next: Next| conditional(request, |request| next.run(request)));
    let rest = Router::new()
        .merge(docs)
        .merge(monitor::router().layer(held).layer(CompressionLayer::new()))
        .merge(probes)
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.trim_end()) }))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(around.clone(), around::any));
    let router = rest.merge(api.layer(from_fn_with_state(around, around::api)));
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Lets pages of these origins call the API. Nothing is sent by a browser of itself: the token is in a header.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let [key, number] = ["idempotency-key", "x-request-id"].map(HeaderName::from_static);
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            key,
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER, number, RATE_LIMIT, RATE_LIMIT_POLICY])
        .max_age(Duration::from_secs(600));
    (!origins.is_empty()).then(|| layer.allow_origin(AllowOrigin::list(origins)))
}

async fn ready(State(ctx): State<Ctx>) -> Result<&'static str, ApiError> {
    ctx.store.ping().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        ApiError::Unavailable
    })?;
    Ok("ready\n")
}

/// The figures: for the bearer of `METRICS_TOKEN` where it is set, else for this machine alone, and not through a proxy on
/// it.
async fn metrics(State(ctx): State<Ctx>, request: Request) -> Response {
    let allowed = if let Some(token) = &ctx.settings.metrics_token {
        access::bearer(request.headers()).is_some_and(|sent| token.is(sent))
    } else {
        let address = request.extensions().get::<ClientAddress>();
        address.is_none_or(|client| client.0.is_loopback()) && !was_forwarded(request.headers())
    };
    if !allowed {
        let detail =
            Text::new("请提供 METRICS_TOKEN 令牌，或在本机访问。", "Send METRICS_TOKEN, or ask on this machine.");
        return ApiError::Unauthenticated { code: "metrics_token", detail }.into_response();
    }
    match ctx.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
