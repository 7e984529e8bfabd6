//! `POST /v1/admin/parked/{projection}/{stream}/skip`: have an event left out for good.

use agrodeep_http::{Invalid, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    input::ParkedPath,
    parked::DecisionView,
    problems,
    routes::CommandProblems,
    state::SharedParked,
};

/// Why an event can be left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipBody {
    /// For those who ask later. It is kept for good: nothing personal.
    #[schema(example = "Written by a test version on 15 August; changes no order", max_length = 500)]
    reason: String,
}

/// Leave out, for good, the event of a parked aggregate that could not be applied; then apply what waits behind it. Who did it,
/// when and why stays known.
#[utoipa::path(
    post, path = "/v1/admin/parked/{projection}/{stream}/skip", tag = "admin", security(("bearer" = [])),
    params(
        ("projection" = String, Path, description = "The read model", example = "orders"),
        ("stream" = String, Path, description = "The aggregate's stream"),
        CommandHeaders,
    ),
    request_body = SkipBody,
    responses((status = 200, description = "What came of it", body = DecisionView), CommandProblems)
)]
pub async fn skip_parked(
    State(SharedParked(parked)): State<SharedParked>,
    caller: Caller<Admins>,
    ParkedPath(stream): ParkedPath,
    StrictJson { value: body, raw }: StrictJson<SkipBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = invalid.text("/reason", &body.reason, 500);
    let reason = invalid.finish(reason)?;
    let decided_by = caller.signed_in.actor().to_string();
    caller
        .run(&raw, move |_| async move {
            let decision = parked.skip(stream, reason, &decided_by).await.map_err(problems::parked)?;
            Answer::json(StatusCode::OK, &decision)
        })
        .await
}
