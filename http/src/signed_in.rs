//! The signed-in user, and what their role allows.

use std::marker::PhantomData;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderValue, StatusCode, header, request::Parts},
};

use agrodeep_domain::{AccountId, Actor, Role};

use crate::{
    problem::Problem,
    token::{TokenError, TokenVerifier},
};

/// Who asks, as their access token says. Refuses with 401 when there is no token that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub account_id: AccountId,
    /// In what role.
    pub role: Role,
    /// The token's id.
    pub jti: String,
    /// Until when the token is good, in seconds since 1970.
    pub expires_at: u64,
}

impl SignedIn {
    /// Who asks, as the log names them.
    pub fn actor(&self) -> Actor {
        Actor::Account(self.account_id, self.role)
    }

    /// Passes only these roles.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub fn require(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        metrics::counter!("rbac_denied_total", "role" => self.role.as_str()).increment(1);
        let allowed: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        Err(Problem::forbidden(format!("only for: {}", allowed.join(", "))))
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let verified = TokenVerifier::from_ref(state).verify(token).await;
        let claims = verified.map_err(|error| match error {
            TokenError::KeysUnavailable => {
                Problem::unavailable("keys_unavailable", "tokens cannot be verified at the moment", 1)
            }
            TokenError::Invalid => refused("invalid_token", &error),
            TokenError::Expired => refused("token_expired", &error),
        })?;
        tracing::Span::current().record("user_id", tracing::field::display(claims.sub));
        Ok(Self { account_id: claims.sub, role: claims.role, jti: claims.jti, expires_at: claims.exp })
    }
}

/// Which roles a route is for.
pub trait Roles: Send + Sync + 'static {
    /// These, and no other.
    const ROLES: &'static [Role];
}

/// A signed-in user in one of the roles of `R`. Judged before the body is read: 401, then 403, then 422.
#[derive(Clone, Debug)]
pub struct Allowed<R>(pub SignedIn, pub PhantomData<R>);

impl<S, R> FromRequestParts<S> for Allowed<R>
where
    S: Send + Sync,
    R: Roles,
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        signed_in.require(R::ROLES)?;
        Ok(Self(signed_in, PhantomData))
    }
}

fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(unauthorized(
            "missing_token",
            "sign in first: send Authorization: Bearer <access token>",
            None,
        ));
    };
    if values.next().is_some() {
        return Err(refused("invalid_token", &TokenError::Invalid));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(|| refused("invalid_token", &TokenError::Invalid))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused("invalid_token", &TokenError::Invalid));
    }
    Ok(token.trim())
}

fn refused(code: &str, error: &TokenError) -> Problem {
    metrics::counter!("jwt_validation_failures_total", "error" => code.to_owned()).increment(1);
    unauthorized(code, &error.to_string(), Some(error))
}

/// 401 with the challenge that RFC 6750, section 3 asks for.
fn unauthorized(code: &str, detail: &str, error: Option<&TokenError>) -> Problem {
    let challenge = match error {
        None => "Bearer realm=\"agrodeep\"".to_owned(),
        Some(error) => {
            format!("Bearer realm=\"agrodeep\", error=\"invalid_token\", error_description=\"{error}\"")
        }
    };
    let value = HeaderValue::from_str(&challenge).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
    Problem::new(StatusCode::UNAUTHORIZED, code, detail).with_header(header::WWW_AUTHENTICATE, value)
}
