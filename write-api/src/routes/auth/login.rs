//! `POST /v1/auth/login`: come in.

use agrodeep_commands::Commands;
use agrodeep_http::{Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    accounts::{Accounts, EmailAddress, Password},
    answer::Answer,
    caller::Parameterless,
    problems,
    runner::Runner,
    views::{self, UserView},
};

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// The account's address.
    #[schema(example = "fermier@example.com")]
    email: String,
    /// Its password.
    #[schema(example = "securePassword123", format = Password)]
    password: String,
    /// The code of the second factor, for accounts that have one.
    #[schema(example = "123456")]
    #[expect(dead_code, reason = "no account has a second factor yet; clients may send what they have")]
    mfa_code: Option<String>,
}

/// Somebody who is in.
#[derive(Serialize, ToSchema)]
pub struct LoggedIn {
    /// For every request: `Authorization: Bearer …`.
    access_token: String,
    /// For the next access token; good once.
    refresh_token: String,
    /// How many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: u64,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Who.
    user: UserView,
}

/// Come in with address and password.
#[utoipa::path(
    post, path = "/v1/auth/login", tag = "auth",
    request_body = LoginBody,
    responses(
        (status = 200, description = "In", body = LoggedIn),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_credentials`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is unknown, missing or of the wrong type", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`busy` or `unavailable`: ask again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn login(
    State(commands): State<Commands>,
    State(accounts): State<Accounts>,
    State(runner): State<Runner>,
    _: Parameterless,
    StrictJson { value: body, .. }: StrictJson<LoginBody>,
) -> Result<Response, Problem> {
    // An address that is none is wrong like any other that we do not know.
    let email = body.email.parse::<EmailAddress>().ok();
    let password = Password::typed(body.password);
    runner
        .run(async move {
            let account =
                accounts.sign_in(&commands, email.as_ref(), &password).await.map_err(problems::sign_in)?;
            let tokens = account.tokens;
            let body = LoggedIn {
                access_token: tokens.access_token,
                refresh_token: tokens.refresh_token.reveal().to_owned(),
                expires_in: tokens.expires_in,
                token_type: "Bearer",
                user: views::user(account.role, &account.registered),
            };
            Answer::json(StatusCode::OK, &body)
        })
        .await
}
