//! Tokens that are none of ours, or no longer: every way to forge one is refused; the public keys are published.

use crate::support::app::{on_both, token_key};
use data_encoding::BASE64URL_NOPAD;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde_json::{Value, json};
use xiaonong::clock::Clock;

fn part(json: &Value) -> String {
    BASE64URL_NOPAD.encode(json.to_string().as_bytes())
}

fn parts(token: &str) -> [Value; 2] {
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url");
    let mut parts = token.split('.').map(|part| serde_json::from_slice(&decode(part)).unwrap_or_default());
    [parts.next().expect("a header"), parts.next().expect("claims")]
}

/// A token with this header and these claims, signed as `sign` signs.
fn forged(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    format!("{message}.{}", BASE64URL_NOPAD.encode(&sign(message.as_bytes())))
}

fn ours() -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(token_key()).expect("the key")
}

fn with(base: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut altered = base.clone();
    altered[name] = value.into();
    altered
}

on_both! {
    async fn no_forged_token_is_taken(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let [header, claims] = parts(&token);
        assert_eq!((&header["alg"], &claims["aud"]), (&json!("EdDSA"), &json!("xiaonong-api")));
        let key = ours();
        let sign = |message: &[u8]| key.sign(message).as_ref().to_vec();
        // The forger's workshop itself is sound.
        app.get("/me").by(&forged(&header, &claims, sign)).await.ok();

        let theirs = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let theirs = Ed25519KeyPair::from_pkcs8_maybe_unchecked(theirs.as_ref()).expect("a key");
        let public = hmac::Key::new(hmac::HMAC_SHA256, key.public_key().as_ref());
        let hs = |message: &[u8]| hmac::sign(&public, message).as_ref().to_vec();
        let now = app.clock.now().0 / 1000;
        let other = app.account_id("yunong").await;
        let tokens = [
            ("none", forged(&with(&header, "alg", "none"), &claims, |_| Vec::new())),
            ("none, signed", forged(&with(&header, "alg", "none"), &claims, sign)),
            ("the public key as a secret", forged(&with(&header, "alg", "HS256"), &claims, hs)),
            ("another algorithm's name", forged(&with(&header, "alg", "RS256"), &claims, sign)),
            ("another key", forged(&header, &claims, |message| theirs.sign(message).as_ref().to_vec())),
            ("an unknown key id", forged(&with(&header, "kid", "0011223344556677"), &claims, sign)),
            ("a key id that is a path", forged(&with(&header, "kid", "../token.key"), &claims, sign)),
            ("no key id", forged(&json!({"alg": "EdDSA", "typ": "JWT"}), &claims, sign)),
            ("another audience", forged(&header, &with(&claims, "aud", "other-api"), sign)),
            ("another issuer", forged(&header, &with(&claims, "iss", "other"), sign)),
            ("expired", forged(&header, &with(&claims, "exp", now), sign)),
            ("another account", forged(&header, &with(&claims, "sub", other), sign)),
            ("claims changed after signing", {
                let signature = token.rsplit('.').next().expect("a signature");
                format!("{}.{}.{signature}", part(&header), part(&with(&claims, "exp", now + 9_999)))
            }),
            ("no signature", token.rsplit_once('.').expect("a signature").0.to_owned()),
        ];
        for (what, token) in tokens {
            let answer = app.get("/me").by(&token).await;
            assert_eq!(answer.status, 401, "{what}: {}", answer.text());
            answer.refused(401, "token_invalid");
        }
        app.get("/me").by(&token).await.ok();
    }

    async fn the_public_keys_check_our_tokens(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let answer = app.call("GET", "/.well-known/jwks.json").await;
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        let keys = answer.ok();
        let key = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == parts(&token)[0]["kid"]);
        let key = key.expect("the key of the token");
        assert_eq!((&key["kty"], &key["crv"], &key["alg"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig")));
        assert!(key.get("d").is_none(), "the private half stays at home");
        let public = BASE64URL_NOPAD.decode(key["x"].as_str().expect("x").as_bytes()).expect("base64url");
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).expect("base64url");
        UnparsedPublicKey::new(&ED25519, public).verify(message.as_bytes(), &signature).expect("is signed with it");
    }
}
