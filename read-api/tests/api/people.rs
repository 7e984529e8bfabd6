//! Who takes part, and their access tokens.

use std::sync::Arc;

use agrodeep_domain::{AccountId, Actor, Personal, Role, account::AccountRegistered};
use agrodeep_http::{
    KeySource, PublicKey, TokenVerifier,
    token::{KeySourceError, TOKEN_TYPE},
};
use async_trait::async_trait;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp, jwk::Jwk};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: &'static str,
    pub role: Role,
    number: u128,
}

const fn person(name: &'static str, role: Role, number: u128) -> Person {
    Person { name, role, number }
}

pub const BUYER: Person = person("Claire", Role::Buyer, 1);
pub const OTHER_BUYER: Person = person("Paul", Role::Buyer, 2);
/// Grows the tomatoes.
pub const GROWER: Person = person("Jean", Role::Producer, 3);
/// Keeps the bees.
pub const BEEKEEPER: Person = person("Marie", Role::Producer, 4);
pub const OTHER_PRODUCER: Person = person("Luc", Role::Producer, 5);
pub const DRIVER: Person = person("Sophie", Role::Driver, 6);
pub const OTHER_DRIVER: Person = person("Karim", Role::Driver, 7);
pub const ADMIN: Person = person("Anne", Role::Admin, 8);
pub const ANALYST: Person = person("Hugo", Role::Analyst, 9);
pub const AUDITOR: Person = person("Inès", Role::Auditor, 10);

pub const EVERYBODY: [Person; 10] =
    [BUYER, OTHER_BUYER, GROWER, BEEKEEPER, OTHER_PRODUCER, DRIVER, OTHER_DRIVER, ADMIN, ANALYST, AUDITOR];

impl Person {
    pub fn id(self) -> AccountId {
        // The form of a UUIDv7.
        AccountId::from_uuid(Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000 + self.number))
    }

    pub fn actor(self) -> Actor {
        Actor::Account(self.id(), self.role)
    }

    pub fn registered(self) -> AccountRegistered {
        AccountRegistered {
            account_id: self.id(),
            role: self.role,
            email: Personal::new(format!("{}@example.com", self.name.to_lowercase())),
            first_name: Personal::new(self.name.to_owned()),
            last_name: Personal::new("Martin".to_owned()),
            phone: (self.role == Role::Driver).then(|| Personal::new("+33 6 98 76 54 32".to_owned())),
            company: (self.role == Role::Producer).then(|| format!("Ferme de {}", self.name)),
        }
    }

    pub fn token(self) -> String {
        signed(&header(), &self.claims(), &key(1))
    }

    pub fn claims(self) -> Value {
        let now = get_current_timestamp();
        json!({
            "sub": self.id().to_string(), "role": self.role.as_str(), "iss": ISSUER, "aud": AUDIENCE,
            "exp": now + 900, "iat": now - 1, "jti": Uuid::now_v7().to_string(),
        })
    }
}

const ISSUER: &str = "https://agrodeep.test";
const AUDIENCE: &str = "agrodeep";

/// Tokens that do not count, and why.
pub fn bad_tokens() -> Vec<(&'static str, String)> {
    let now = get_current_timestamp();
    let changed = |claim: &str, value: Value| {
        let mut claims = ADMIN.claims();
        claims[claim] = value;
        claims
    };
    let mut unsigned = signed(&header(), &ADMIN.claims(), &key(1));
    unsigned.truncate(unsigned.rfind('.').unwrap() + 1);
    let mut other_key = header();
    other_key.kid = Some("two".to_owned());
    let mut refresh = header();
    refresh.typ = Some("JWT".to_owned());
    let expired = changed("exp", json!(now - 60));
    vec![
        ("expired", signed(&header(), &expired, &key(1))),
        ("forged", signed(&header(), &ADMIN.claims(), &key(2))),
        ("unsigned", unsigned),
        ("of an unknown key", signed(&other_key, &ADMIN.claims(), &key(1))),
        ("of another kind", signed(&refresh, &ADMIN.claims(), &key(1))),
        ("for somebody else", signed(&header(), &changed("aud", json!("other")), &key(1))),
        ("of somebody else", signed(&header(), &changed("iss", json!("https://evil.test")), &key(1))),
        ("of no role we know", signed(&header(), &changed("role", json!("root")), &key(1))),
        ("nonsense", "a.b.c".to_owned()),
        ("endless", "x".repeat(5000)),
    ]
}

fn signed(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    encode(header, claims, key).unwrap()
}

fn header() -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.kid = Some("one".to_owned());
    header
}

/// PKCS #8 (RFC 8410, section 7) of an Ed25519 seed.
fn key(seed: u8) -> EncodingKey {
    let mut der =
        vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend([seed; 32]);
    EncodingKey::from_ed_der(&der)
}

struct OneKey;

#[async_trait]
impl KeySource for OneKey {
    async fn keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        let mut jwk = Jwk::from_encoding_key(&key(1), Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some("one".to_owned());
        Ok(vec![PublicKey::from_jwk(&jwk).unwrap()])
    }
}

pub fn verifier() -> TokenVerifier {
    TokenVerifier::new(Arc::new(OneKey), ISSUER, AUDIENCE)
}
