//! The read API on a port of its own, and somebody who may replay the log.

use std::{net::SocketAddr, sync::Arc};

use agrodeep_domain::{AccountId, Role};
use agrodeep_event_store::SharedLog;
use agrodeep_http::{
    Claims, KeySource, PublicKey, ServeOptions, ServiceRoutes, TokenVerifier, serve,
    token::{KeySourceError, TOKEN_TYPE},
};
use agrodeep_projections::{Page, Paged, ReadError, ReadModels, database::connect_read};
use agrodeep_read_api::{
    ReadApi, ReadApiSettings, SERVICE,
    event_streams::StreamSettings,
    payments::{PaymentDifference, PaymentDifferences},
    readiness, router,
};
use anyhow::Context;
use async_trait::async_trait;
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::compose::catalogue;

const ISSUER: &str = "https://bench.agrodeep.test";
const AUDIENCE: &str = "bench";
const KEY_ID: &str = "bench";

/// PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A read API that serves one log.
pub struct Served {
    pub address: SocketAddr,
    key: EncodingKey,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

struct OneKey(PublicKey);

#[async_trait]
impl KeySource for OneKey {
    async fn keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        Ok(vec![self.0.clone()])
    }
}

/// Nobody pays here.
struct NoDifferences;

#[async_trait]
impl PaymentDifferences for NoDifferences {
    fn kinds(&self) -> Vec<&'static str> {
        vec![]
    }

    async fn differences(&self, _: Option<&str>, _: Page) -> Result<Paged<PaymentDifference>, ReadError> {
        Ok(Paged { items: vec![], total: 0 })
    }
}

impl Served {
    pub async fn start(log: SharedLog, url: &str) -> anyhow::Result<Self> {
        let key = EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &rand::random::<[u8; 32]>()].concat());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
        jwk.common.key_id = Some(KEY_ID.to_owned());
        let public = PublicKey::from_jwk(&jwk).context("the key of this benchmark")?;
        let stop = CancellationToken::new();
        let api = ReadApi {
            // Nothing is asked of the read models, which are not there.
            models: ReadModels::new(log.clone(), connect_read(url, 1)?),
            log,
            differences: Arc::new(NoDifferences),
            streams: StreamSettings::new(catalogue(), stop.clone()),
            tokens: TokenVerifier::new(Arc::new(OneKey(public)), ISSUER, AUDIENCE),
            settings: ReadApiSettings::default(),
        };
        let readiness = readiness(&api);
        let (router, contract) = router(api);
        let router = ServiceRoutes { name: SERVICE, readiness, metrics: None }.around(router, contract);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(serve(listener, router, stop.clone(), ServeOptions::default()));
        Ok(Self { address, key, stop, serving })
    }

    /// An auditor's access token.
    pub fn token(&self) -> anyhow::Result<String> {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            sub: AccountId::from_uuid(Uuid::now_v7()),
            role: Role::Auditor,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: now + 900,
            iat: now,
            jti: Uuid::now_v7().to_string(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(KEY_ID.to_owned());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }

    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.serving.await;
    }
}
