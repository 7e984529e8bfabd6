//! `POST /v1/admin/parked/replay-all`: have everything applied again that is parked.

use agrodeep_http::{OptionalJson, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    parked::RetriedView,
    problems,
    routes::CommandProblems,
    state::SharedParked,
};

/// What is replayed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// Only what is parked in this read model.
    #[schema(example = "orders")]
    projection: Option<String>,
}

/// Apply everything again that is parked, in all read models or in one.
#[utoipa::path(
    post, path = "/v1/admin/parked/replay-all", tag = "admin", security(("bearer" = [])),
    params(CommandHeaders),
    request_body = Option<ReplayBody>,
    responses((status = 200, description = "What came of it", body = RetriedView), CommandProblems)
)]
pub async fn replay_parked(
    State(SharedParked(parked)): State<SharedParked>,
    caller: Caller<Admins>,
    OptionalJson { value: body, raw }: OptionalJson<ReplayBody>,
) -> Result<Response, Problem> {
    let decided_by = caller.signed_in.actor().to_string();
    caller
        .run(&raw, move |_| async move {
            let retried = parked.retry_all(body.projection, &decided_by).await.map_err(problems::parked)?;
            Answer::json(StatusCode::OK, &retried)
        })
        .await
}
