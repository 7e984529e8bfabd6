//! `POST /v1/auth/refresh`: stay in.

use agrodeep_commands::Commands;
use agrodeep_http::{Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{accounts::Accounts, answer::Answer, caller::Parameterless, problems, runner::Runner};

/// What one came in with last.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    /// The latest refresh token.
    refresh_token: String,
}

/// What one comes in with next.
#[derive(Serialize, ToSchema)]
pub struct Refreshed {
    /// For every request: `Authorization: Bearer …`.
    access_token: String,
    /// For the next access token; good once. The one that was sent is spent.
    refresh_token: String,
    /// How many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: u64,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
}

/// Exchange a refresh token for new tokens. A refresh token that is used twice ends the session it belongs to.
#[utoipa::path(
    post, path = "/v1/auth/refresh", tag = "auth",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "New tokens", body = Refreshed),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_refresh_token`: sign in again", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is unknown, missing or of the wrong type", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Ask again with the same token", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn refresh(
    State(commands): State<Commands>,
    State(accounts): State<Accounts>,
    State(runner): State<Runner>,
    _: Parameterless,
    StrictJson { value: body, .. }: StrictJson<RefreshBody>,
) -> Result<Response, Problem> {
    runner
        .run(async move {
            let tokens = accounts.refresh(&commands, body.refresh_token).await.map_err(problems::session)?;
            let body = Refreshed {
                access_token: tokens.access_token,
                refresh_token: tokens.refresh_token.reveal().to_owned(),
                expires_in: tokens.expires_in,
                token_type: "Bearer",
            };
            Answer::json(StatusCode::OK, &body)
        })
        .await
}
