//! Access tokens: how they are verified. Signed with an asymmetric key; algorithm and key id come from what we know, never
//! from what the token says about itself.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk},
};
use serde::{Deserialize, Serialize};

use agrodeep_domain::{AccountId, Role};

/// What an access token says. All of it is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose it is.
    pub sub: AccountId,
    /// What they may do.
    pub role: Role,
    /// Who gave it.
    pub iss: String,
    /// For whom it is meant.
    pub aud: String,
    /// Until when it is good, in seconds since 1970.
    pub exp: u64,
    /// When it was given, in seconds since 1970.
    pub iat: u64,
    /// Its own id.
    pub jti: String,
}

/// The `typ` of access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)): no other kind of token passes
/// for one.
pub const TOKEN_TYPE: &str = "at+jwt";

/// Clocks of two machines may differ by so much.
const LEEWAY_SECONDS: u64 = 5;

/// Longer than any token we give.
const TOKEN_BYTES_MAX: usize = 4096;

/// How old known keys may become before they are asked for again.
const KEYS_AGE_MAX: Duration = Duration::from_mins(5);

/// How often an unknown key id may make us ask.
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

/// A key that tokens may be signed with.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Not a key that tokens may be signed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing key needs a kid and must be Ed25519 or P-256")]
pub struct PublicKeyError;

impl PublicKey {
    /// Takes a JSON Web Key: Ed25519 for `EdDSA`, P-256 for `ES256`.
    ///
    /// # Errors
    /// [`PublicKeyError`] for any other key, or one without `kid`.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, PublicKeyError> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            _ => return Err(PublicKeyError),
        };
        let kid = jwk.common.key_id.clone().ok_or(PublicKeyError)?;
        let key = DecodingKey::from_jwk(jwk).map_err(|_| PublicKeyError)?;
        Ok(Self { kid, algorithm, key })
    }
}

/// Where the keys come from: a table, a JWKS address, a fixed list.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// All keys that are good now.
    async fn keys(&self) -> Result<Vec<PublicKey>, KeySourceError>;
}

/// The keys cannot be had now.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the signing keys cannot be read: {0}")]
pub struct KeySourceError(pub String);

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Forged, malformed, for somebody else, or of another kind.
    #[error("the access token is not valid")]
    Invalid,
    /// It was good.
    #[error("the access token has expired")]
    Expired,
    /// It cannot be judged now.
    #[error("the signing keys cannot be read")]
    KeysUnavailable,
}

/// Verifies access tokens. Clones share everything.
#[derive(Clone)]
pub struct TokenVerifier {
    inner: Arc<Inner>,
}

struct Inner {
    source: Arc<dyn KeySource>,
    issuer: String,
    audience: String,
    keys: RwLock<Known>,
    refreshing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<HashMap<String, (Algorithm, DecodingKey)>>,
    asked: Option<Instant>,
}

impl TokenVerifier {
    /// Accepts tokens of `issuer` for `audience`, signed with a key of `source`.
    pub fn new(source: Arc<dyn KeySource>, issuer: &str, audience: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                source,
                issuer: issuer.to_owned(),
                audience: audience.to_owned(),
                keys: RwLock::default(),
                refreshing: tokio::sync::Mutex::new(()),
            }),
        }
    }

    /// Asks for the keys anew.
    ///
    /// # Errors
    /// [`KeySourceError`] when they cannot be had; the known ones stay.
    pub async fn refresh(&self) -> Result<(), KeySourceError> {
        let keys = self.inner.source.keys().await?;
        let keys = keys.into_iter().map(|key| (key.kid, (key.algorithm, key.key))).collect();
        let known = Known { keys: Arc::new(keys), asked: Some(Instant::now()) };
        *self.inner.keys.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// What a token says, when it is good.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        // Headers that ask the verifier to do more than we do (`crit`), or to take a key from the token itself.
        let plain =
            header.crit.is_none() && header.jwk.is_none() && header.jku.is_none() && header.x5u.is_none();
        if !plain || header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(TokenError::Invalid);
        }
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let (algorithm, key) = self.key(&kid).await?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.inner.issuer]);
        validation.set_audience(&[&self.inner.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(data) if data.claims.iat > jsonwebtoken::get_current_timestamp() + LEEWAY_SECONDS => {
                Err(TokenError::Invalid)
            }
            Ok(data) => Ok(data.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }

    async fn key(&self, kid: &str) -> Result<(Algorithm, DecodingKey), TokenError> {
        let known = self.known();
        let found = known.keys.get(kid).cloned();
        let pause = if found.is_some() { KEYS_AGE_MAX } else { REFRESH_PAUSE };
        if known.asked.is_some_and(|asked| asked.elapsed() < pause) {
            return found.ok_or(TokenError::Invalid);
        }
        // One asks; the others wait for its answer rather than for the source.
        let _turn = self.inner.refreshing.lock().await;
        let asked = self.known().asked;
        if asked == known.asked
            && let Err(error) = self.refresh().await
        {
            tracing::warn!(%error, "signing keys could not be refreshed");
            return found.ok_or(TokenError::KeysUnavailable);
        }
        self.known().keys.get(kid).cloned().ok_or(TokenError::Invalid)
    }

    fn known(&self) -> Known {
        self.inner.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests;
