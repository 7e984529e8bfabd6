#![allow(clippy::unwrap_used)]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode, jwk::JwkSet};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

struct Fixed(Vec<Jwk>);

#[async_trait]
impl KeySource for Fixed {
    async fn keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        Ok(self.0.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok()).collect())
    }
}

/// PKCS #8 (RFC 8410, section 7) of an Ed25519 seed.
fn key(seed: u8) -> EncodingKey {
    let mut der =
        vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend([seed; 32]);
    EncodingKey::from_ed_der(&der)
}

fn jwk(key: &EncodingKey, kid: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::EdDSA).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    jwk
}

fn verifier() -> TokenVerifier {
    TokenVerifier::new(Arc::new(Fixed(vec![jwk(&key(1), "one")])), "https://issuer", "agrodeep")
}

fn header() -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.kid = Some("one".to_owned());
    header
}

fn claims() -> Value {
    let now = jsonwebtoken::get_current_timestamp();
    json!({
        "sub": AccountId::from_uuid(Uuid::from_u128(7)).to_string(), "role": "buyer", "iss": "https://issuer",
        "aud": "agrodeep", "exp": now + 900, "iat": now, "jti": "j",
    })
}

async fn verdict(header: &Header, claims: &Value, key: &EncodingKey) -> Result<Claims, TokenError> {
    verifier().verify(&encode(header, claims, key).unwrap()).await
}

#[tokio::test]
async fn a_token_of_ours_counts() {
    let claims = verdict(&header(), &claims(), &key(1)).await.unwrap();
    assert_eq!(claims.role, Role::Buyer);
}

#[tokio::test]
async fn a_token_that_lacks_or_bends_a_claim_is_refused() {
    for claim in ["sub", "role", "iss", "aud", "exp", "iat", "jti"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(claim);
        assert_eq!(verdict(&header(), &without, &key(1)).await, Err(TokenError::Invalid), "{claim}");
    }
    let future = jsonwebtoken::get_current_timestamp() + 900;
    for (claim, value) in [
        ("exp", json!(future.to_string())),
        ("exp", json!(-1)),
        ("iat", json!(future)),
        ("nbf", json!(future)),
        ("iss", json!("https://other")),
        ("aud", json!("other")),
        ("aud", json!(["agrodeep"])),
        ("sub", json!("prod_01h455vb4pex5vsknk084sn02q")),
        ("role", json!("root")),
    ] {
        let mut bent = claims();
        bent[claim] = value.clone();
        assert_eq!(verdict(&header(), &bent, &key(1)).await, Err(TokenError::Invalid), "{claim} {value}");
    }
}

#[tokio::test]
async fn a_token_that_was_good_is_expired() {
    let mut old = claims();
    old["exp"] = json!(jsonwebtoken::get_current_timestamp() - 60);
    assert_eq!(verdict(&header(), &old, &key(1)).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    assert_eq!(verdict(&header(), &claims(), &key(2)).await, Err(TokenError::Invalid));
    let mut unknown = header();
    unknown.kid = Some("../../etc/passwd".to_owned());
    assert_eq!(verdict(&unknown, &claims(), &key(1)).await, Err(TokenError::Invalid));
    unknown.kid = None;
    assert_eq!(verdict(&unknown, &claims(), &key(1)).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_token_cannot_choose_its_algorithm() {
    // Signed by HMAC with the public key as the secret.
    let public = serde_json::to_value(jwk(&key(1), "one")).unwrap()["x"].as_str().unwrap().to_owned();
    let mut hmac = header();
    hmac.alg = Algorithm::HS256;
    for secret in [public.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(&public).unwrap()] {
        let forged = verdict(&hmac, &claims(), &EncodingKey::from_secret(&secret)).await;
        assert_eq!(forged, Err(TokenError::Invalid));
    }
    // Not signed at all.
    for alg in ["none", "None", "NONE", "nOnE"] {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({ "alg": alg, "typ": TOKEN_TYPE, "kid": "one" }));
        for signature in ["", "AAAA"] {
            let token = format!("{head}.{}.{signature}", part(&claims()));
            assert_eq!(verifier().verify(&token).await, Err(TokenError::Invalid));
        }
    }
}

#[tokio::test]
async fn a_token_cannot_bring_its_own_key_nor_be_of_another_kind() {
    let mut own = header();
    own.jwk = Some(jwk(&key(2), "one"));
    assert_eq!(verdict(&own, &claims(), &key(2)).await, Err(TokenError::Invalid));
    let mut far = header();
    far.jku = Some("https://evil.example/jwks.json".to_owned());
    assert_eq!(verdict(&far, &claims(), &key(1)).await, Err(TokenError::Invalid));
    let mut other = header();
    other.typ = Some("JWT".to_owned());
    assert_eq!(verdict(&other, &claims(), &key(1)).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    for text in ["", ".", "..", "a.b.c", "é.é.é", &"x".repeat(100_000)] {
        assert_eq!(verifier().verify(text).await, Err(TokenError::Invalid));
    }
}

#[test]
fn only_keys_that_sign_are_taken_from_a_set() {
    let set: JwkSet = serde_json::from_value(json!({ "keys": [
        { "kty": "oct", "k": "AAAA", "kid": "hmac" },
        { "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "ed" },
        { "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    ]}))
    .unwrap();
    let taken: Vec<_> = set.keys.iter().map(|jwk| PublicKey::from_jwk(jwk).is_ok()).collect();
    assert_eq!(taken, [false, true, false]);
}
