//! Who calls a command route, with everything that its headers say.

use agrodeep_commands::{CommandContext, idempotency::Fingerprint};
use agrodeep_domain::Actor;
use agrodeep_http::{
    Allowed, IdempotencyKey, IfMatch, Problem, RequestContext, Roles, SignedIn, TokenVerifier, query,
};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Method, request::Parts},
    response::Response,
};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use std::{future::Future, marker::PhantomData};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    answer::Answer,
    runner::{Keyed, Runner},
};

/// A signed-in user in one of the roles of `R`, and what they say in headers.
pub struct Caller<R> {
    /// Who.
    pub signed_in: SignedIn,
    method: Method,
    path: String,
    context: RequestContext,
    key: Option<String>,
    if_match: Option<u64>,
    runner: Runner,
    roles: PhantomData<R>,
}

impl<S, R> FromRequestParts<S> for Caller<R>
where
    S: Send + Sync,
    R: Roles,
    TokenVerifier: FromRef<S>,
    Runner: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Allowed(signed_in, _) = Allowed::<R>::from_request_parts(parts, state).await?;
        no_query(parts)?;
        let IdempotencyKey(key) = IdempotencyKey::from_request_parts(parts, state).await?;
        let IfMatch(if_match) = IfMatch::from_request_parts(parts, state).await?;
        let context = RequestContext::from_request_parts(parts, state).await?;
        Ok(Self {
            signed_in,
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            context,
            key,
            if_match,
            runner: Runner::from_ref(state),
            roles: PhantomData,
        })
    }
}

impl<R> Caller<R> {
    /// Refuses a caller without an idempotency key.
    pub fn require_key(&self) -> Result<(), Problem> {
        IdempotencyKey(self.key.clone()).require().map(|_| ())
    }

    /// Runs a command to its end, once per idempotency key. `body` is what was sent.
    pub async fn run<F>(
        self,
        body: &[u8],
        work: impl FnOnce(CommandContext) -> F + Send + 'static,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let keyed = self.key.map(|key| Keyed {
            principal: self.signed_in.account_id.to_string(),
            key,
            fingerprint: Fingerprint::of(self.method.as_str(), &self.path, body),
        });
        let (actor, context, if_match) = (self.signed_in.actor(), self.context.clone(), self.if_match);
        self.runner
            .run_once(&self.context, keyed, move |command_id| {
                work(CommandContext { if_match, ..command_context(command_id, actor, &context) })
            })
            .await
    }
}

/// The command of a request: what follows from it carries the request's own id as its correlation.
pub fn command_context(command_id: Uuid, actor: Actor, request: &RequestContext) -> CommandContext {
    CommandContext {
        command_id,
        correlation_id: request.id,
        causation_id: command_id,
        traceparent: Some(request.traceparent()),
        ..CommandContext::new(actor, now())
    }
}

/// Routes that change something take no parameters: one that is there is a mistake.
fn no_query(parts: &Parts) -> Result<(), Problem> {
    match parts.uri.query() {
        None | Some("") => Ok(()),
        Some(text) => {
            let name = text.split(['&', '=']).next().unwrap_or_default();
            Err(query::invalid(name, "is not a parameter of this route, which has none"))
        }
    }
}

/// The time, as exact as tables keep it: what is told now is what will be read later.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// Refuses requests with a query string, on routes that have no [`Caller`].
pub struct Parameterless;

impl<S: Send + Sync> FromRequestParts<S> for Parameterless {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        no_query(parts).map(|()| Self)
    }
}

/// The headers of every command route, for its contract.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by Caller; here only for the contract")]
pub struct CommandHeaders {
    /// Makes the request recognisable: sent again with the same body, it has no further effect and gets the first answer
    /// again, byte for byte, with `Idempotency-Replayed: true`. Kept for 24 hours.
    #[param(rename = "Idempotency-Key", max_length = 255, required = false)]
    idempotency_key: Option<String>,
    /// The version that the client has seen, as it came in `ETag`; at another version nothing is done (412).
    #[param(rename = "If-Match", required = false, example = "\"4\"")]
    if_match: Option<String>,
}

macro_rules! roles {
    ($($(#[$meta:meta])* $name:ident: $($role:ident)|+;)+) => {
        $($(#[$meta])*
        pub struct $name;

        impl Roles for $name {
            const ROLES: &'static [agrodeep_domain::Role] = &[$(agrodeep_domain::Role::$role),+];
        })+
    };
}

roles! {
    /// Only buyers.
    Buyers: Buyer;
    /// Only producers.
    Producers: Producer;
    /// Only drivers.
    Drivers: Driver;
    /// Only admins.
    Admins: Admin;
    /// Buyers and admins.
    BuyersAndAdmins: Buyer | Admin;
    /// Whoever is signed in.
    Everybody: Buyer | Producer | Driver | Admin | Analyst | Auditor;
}
