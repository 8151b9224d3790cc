//! (being built)
use crate::context::Ctx;
use utoipa_axum::router::OpenApiRouter;
/// x
#[derive(Clone)]
pub struct Placer;
impl Placer {
    /// x
    pub fn start(_: Ctx) -> Self {
        Self
    }
    /// x
    pub fn detached(_: Ctx) -> Self {
        Self
    }
}
/// x
pub fn router(ctx: Ctx, _: Placer) -> OpenApiRouter {
    OpenApiRouter::new().with_state(ctx)
}
