//! The public keys, for others who check our tokens (RFC 7517, RFC 8037).

use super::keys::{AHEAD_MILLIS, Key};
use crate::context::Ctx;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use utoipa::ToSchema;

/// A set of public keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// Those whose tokens hold, the oldest first.
    pub keys: Vec<PublicKey>,
}

/// One public key.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicKey {
    /// Family of the key.
    #[schema(example = "OKP")]
    pub kty: &'static str,
    /// Curve.
    #[schema(example = "Ed25519")]
    pub crv: &'static str,
    /// The key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// Name of the key in the header of its tokens.
    #[schema(example = "9d6c1e0b5a8f2347")]
    pub kid: String,
    /// What it is for.
    #[schema(example = "sig")]
    pub r#use: &'static str,
    /// Algorithm.
    #[schema(example = "EdDSA")]
    pub alg: &'static str,
}

impl From<&Key> for PublicKey {
    fn from(key: &Key) -> Self {
        let x = BASE64URL_NOPAD.encode(&key.public);
        Self { kty: "OKP", crv: "Ed25519", x, kid: key.id.clone(), r#use: "sig", alg: "EdDSA" }
    }
}

/// The public keys
///
/// Keys whose access tokens hold. A new key stands here for five minutes before it signs, so an answer may be kept that
/// long.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "jwks", tag = "access",
    responses((status = 200, body = KeySet, description = "The keys"))
)]
pub async fn jwks(State(ctx): State<Ctx>) -> Response {
    let keys = ctx.tokens.ring().keys().iter().map(PublicKey::from).collect();
    let mut response = Json(KeySet { keys }).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={}", AHEAD_MILLIS / 1000)) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
