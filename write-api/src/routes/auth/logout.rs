//! `POST /v1/auth/logout`: leave.

use agrodeep_http::{Allowed, Problem, StrictJson};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    accounts::Accounts,
    answer::Answer,
    caller::{Everybody, Parameterless},
    problems,
    routes::CommandProblems,
    runner::Runner,
};

/// Which session ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogoutBody {
    /// Any refresh token of the session.
    refresh_token: String,
}

/// End a session: none of its refresh tokens is good any more. Access tokens last out their minutes.
#[utoipa::path(
    post, path = "/v1/auth/logout", tag = "auth", security(("bearer" = [])),
    request_body = LogoutBody,
    responses((status = 204, description = "The session has ended, if it was yours"), CommandProblems)
)]
pub async fn logout(
    State(accounts): State<Accounts>,
    State(runner): State<Runner>,
    Allowed(signed_in, _): Allowed<Everybody>,
    _: Parameterless,
    StrictJson { value: body, .. }: StrictJson<LogoutBody>,
) -> Result<Response, Problem> {
    runner
        .run(async move {
            let ended = accounts.sign_out(signed_in.account_id, body.refresh_token).await;
            ended.map_err(|error| problems::store(&error))?;
            Ok(Answer::no_content())
        })
        .await
}
