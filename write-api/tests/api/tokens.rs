//! Tokens that do not count, on every route that wants one.

use agrodeep_domain::Role;
use agrodeep_http::token::TOKEN_TYPE;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

use crate::{app::App, every_route::routes, journey::Market};

async fn signing_key(app: &App) -> (String, EncodingKey) {
    let (kid, der): (String, Vec<u8>) =
        sqlx::query_as("select kid, private_key from signing_keys where signs")
            .fetch_one(app.database.pool())
            .await
            .unwrap();
    (kid, EncodingKey::from_ed_der(&der))
}

fn header(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.kid = Some(kid.to_owned());
    header
}

fn claims(market: &Market) -> Value {
    let now = get_current_timestamp();
    json!({
        "sub": market.buyer.id, "role": "buyer", "iss": market.app.settings.issuer,
        "aud": market.app.settings.audience, "exp": now + 900, "iat": now, "jti": "j",
    })
}

#[tokio::test]
async fn no_route_lets_a_token_pass_that_does_not_count() {
    let market = Market::open().await;
    let (kid, key) = signing_key(&market.app).await;
    let sign = |header: &Header, claims: &Value| encode(header, claims, &key).unwrap();
    let with = |claim: &str, value: Value| {
        let mut claims = claims(&market);
        claims[claim] = value;
        sign(&header(&kid), &claims)
    };
    let public = market.app.get("/.well-known/jwks.json").send().await.json["keys"][0]["x"].clone();
    let mut hmac = header(&kid);
    hmac.alg = Algorithm::HS256;
    let hmac_key = EncodingKey::from_secret(public.as_str().unwrap().as_bytes());
    let none = {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.",
            part(&json!({ "alg": "none", "typ": TOKEN_TYPE, "kid": kid })),
            part(&claims(&market))
        )
    };
    let old = get_current_timestamp() - 60;
    let tokens = [
        ("alg none", "invalid_token", none),
        ("HS256 with the public key", "invalid_token", encode(&hmac, &claims(&market), &hmac_key).unwrap()),
        ("wrong kid", "invalid_token", sign(&header("other"), &claims(&market))),
        ("wrong iss", "invalid_token", with("iss", json!("https://evil.example"))),
        ("wrong aud", "invalid_token", with("aud", json!("other"))),
        ("exp as text", "invalid_token", with("exp", json!("99999999999"))),
        ("unknown role", "invalid_token", with("role", json!("root"))),
        ("refresh token", "invalid_token", market.buyer.refresh_token.clone()),
        ("nonsense", "invalid_token", "a.b.c".to_owned()),
        ("expired", "token_expired", with("exp", json!(old))),
    ];
    // The same token, with nothing wrong, counts.
    let good = sign(&header(&kid), &claims(&market));
    let body = crate::journey::order_body(market.product_id);
    market.app.post("/v1/orders").token(&good).key("k").json(&body).send().await.is(202);

    let head = market.app.head().await;
    for route in routes(&market).await.iter().filter(|route| !route.roles.is_empty()) {
        let missing = route.ask(&market, None).send().await;
        missing.is_problem(401, "missing_token");
        assert!(missing.header("www-authenticate").starts_with("Bearer "));
        for (what, error, token) in &tokens {
            let refused = route.ask(&market, None).token(token).send().await;
            assert_eq!(refused.status, 401, "{what} on {}", route.path);
            refused.is_problem(401, error);
        }
    }
    let after = market.app.head().await;
    assert!(after.0 - head.0 < 200 && after >= head);
}

#[tokio::test]
async fn every_route_is_for_its_roles_only() {
    let market = Market::open().await;
    let analyst = market.app.user(Role::Analyst, "analyst").await;
    let auditor = market.app.user(Role::Auditor, "auditor").await;
    let routes = routes(&market).await;
    let head = market.app.head().await;
    for route in routes.iter().filter(|route| !route.roles.is_empty()) {
        for (role, user) in [
            (Role::Buyer, &market.buyer),
            (Role::Producer, &market.producer),
            (Role::Driver, &market.driver),
            (Role::Admin, &market.admin),
            (Role::Analyst, &analyst),
            (Role::Auditor, &auditor),
        ] {
            if !route.roles.contains(&role) {
                // Also with a body that is wrong: who may not ask is not told what to ask.
                route.ask(&market, Some(user)).body("nonsense").send().await.is_problem(403, "forbidden");
                route.ask(&market, Some(user)).send().await.is_problem(403, "forbidden");
            }
        }
    }
    assert_eq!(market.app.head().await, head);
}
