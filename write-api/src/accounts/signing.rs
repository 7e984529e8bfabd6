//! Access tokens: signed with Ed25519, by a key that is made on the first start and kept in a table.

use std::sync::Arc;

use agrodeep_commands::StoreError;
use agrodeep_domain::{AccountId, Role};
use agrodeep_http::{
    Claims, KeySource, PublicKey,
    token::{KeySourceError, TOKEN_TYPE},
};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::{AccountSettings, store::AccountStore};

/// A key as it stands in the table.
pub struct StoredKey {
    pub kid: String,
    /// PKCS #8, DER.
    pub private_key: Vec<u8>,
    pub public_jwk: serde_json::Value,
}

/// A JSON Web Key Set, as JSON.
pub type JwkSetJson = serde_json::Value;

/// Signs access tokens. Clones share the key.
#[derive(Clone)]
pub struct TokenSigner {
    inner: Arc<Inner>,
}

struct Inner {
    header: Header,
    key: EncodingKey,
    issuer: String,
    audience: String,
    lifetime_seconds: u64,
}

impl TokenSigner {
    /// Takes the key that signs; makes it, if there is none.
    pub async fn open(store: &AccountStore, settings: &AccountSettings) -> Result<Self, StoreError> {
        let stored = match store.signing_key().await? {
            Some(key) => key,
            // Of several instances that start at the same moment one makes the key; all take that one.
            None => store.make_signing_key(&new_key()?).await?,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(stored.kid);
        Ok(Self {
            inner: Arc::new(Inner {
                header,
                key: EncodingKey::from_ed_der(&stored.private_key),
                issuer: settings.issuer.clone(),
                audience: settings.audience.clone(),
                lifetime_seconds: settings.access_lifetime.as_secs(),
            }),
        })
    }

    /// A new access token, and for how many seconds it is good.
    pub fn sign(&self, account_id: AccountId, role: Role) -> Result<(String, u64), StoreError> {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            sub: account_id,
            role,
            iss: self.inner.issuer.clone(),
            aud: self.inner.audience.clone(),
            exp: now + self.inner.lifetime_seconds,
            iat: now,
            jti: Uuid::now_v7().to_string(),
        };
        let token = jsonwebtoken::encode(&self.inner.header, &claims, &self.inner.key).map_err(broken)?;
        Ok((token, self.inner.lifetime_seconds))
    }
}

/// PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

fn new_key() -> Result<StoredKey, StoreError> {
    let seed: [u8; 32] = rand::random();
    let private_key = [&PKCS8_PREFIX[..], &seed].concat();
    let key = EncodingKey::from_ed_der(&private_key);
    let jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).map_err(broken)?;
    let mut public_jwk = serde_json::to_value(&jwk).map_err(broken)?;
    // The kid says which key it is and nothing else.
    let kid = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(public_jwk.to_string().as_bytes())[..12]);
    public_jwk["kid"] = kid.clone().into();
    public_jwk["use"] = "sig".into();
    public_jwk["alg"] = "EdDSA".into();
    Ok(StoredKey { kid, private_key, public_jwk })
}

fn broken(error: impl std::fmt::Display) -> StoreError {
    StoreError::new(format!("the signing key cannot be used: {error}"))
}

/// The keys that tokens are verified with.
pub async fn key_set(store: &AccountStore) -> Result<JwkSetJson, StoreError> {
    Ok(serde_json::json!({ "keys": store.public_keys().await? }))
}

/// The public keys of the write side's table, for whoever verifies tokens in the same house.
pub struct SigningKeySource {
    store: AccountStore,
}

impl SigningKeySource {
    /// Reads the table in the write side's database `pool`.
    pub fn new(pool: PgPool) -> Self {
        Self { store: AccountStore::new(pool) }
    }
}

#[async_trait]
impl KeySource for SigningKeySource {
    async fn keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        let keys = self.store.public_keys().await.map_err(|error| KeySourceError(error.to_string()))?;
        Ok(keys
            .into_iter()
            .filter_map(|jwk| serde_json::from_value::<Jwk>(jwk).ok())
            .filter_map(|jwk| PublicKey::from_jwk(&jwk).ok())
            .collect())
    }
}
