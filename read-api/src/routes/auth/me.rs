//! GET /v1/auth/me

use agrodeep_http::{MinPosition, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::Model;
use axum::{
    extract::{FromRef, State},
    http::header,
    response::Response,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    if_none_match::IfNoneMatch,
    reading::{self, Reading, unanswered},
    routes::{Refusals, versioned},
    views::profile::UserView,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(me))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// The signed-in user.
#[utoipa::path(
    get, path = "/v1/auth/me", tag = "auth", security(("bearer" = [])),
    params(("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`")),
    responses((status = 200, description = "Who is signed in", body = UserView), Refusals),
)]
async fn me(
    user: SignedIn,
    StrictQuery(NoParameters {}): StrictQuery<NoParameters>,
    min: MinPosition,
    has: IfNoneMatch,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let models = reading.about(min, &[Model::Accounts], &[reading::account(user.account_id)]).await?;
    let account = models.account(user.account_id).await.map_err(unanswered)?.ok_or_else(|| {
        // The token is good, so there is such an account: it has not been projected yet.
        Problem::unavailable("read_model_behind", "the account is not known here yet; try again", 1)
            .with("model", Model::Accounts.as_str())
    })?;
    Ok(versioned(UserView::of(&account), account.version, &has, true, header::AUTHORIZATION.as_str()))
}
