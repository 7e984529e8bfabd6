//! `POST /v1/admin/parked/{projection}/{stream}/retry`: have a parked aggregate's events applied again.

use agrodeep_http::{NoFields, OptionalJson, Problem};
use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    input::ParkedPath,
    parked::DecisionView,
    problems,
    routes::CommandProblems,
    state::SharedParked,
};

/// Apply what is parked of an aggregate again, reading it from the log anew: after the program or the data were mended.
#[utoipa::path(
    post, path = "/v1/admin/parked/{projection}/{stream}/retry", tag = "admin", security(("bearer" = [])),
    params(
        ("projection" = String, Path, description = "The read model", example = "orders"),
        ("stream" = String, Path, description = "The aggregate's stream"),
        CommandHeaders,
    ),
    request_body = Option<NoFields>,
    responses((status = 200, description = "What came of it", body = DecisionView), CommandProblems)
)]
pub async fn retry_parked(
    State(SharedParked(parked)): State<SharedParked>,
    caller: Caller<Admins>,
    ParkedPath(stream): ParkedPath,
    OptionalJson { raw, .. }: OptionalJson<NoFields>,
) -> Result<Response, Problem> {
    let decided_by = caller.signed_in.actor().to_string();
    caller
        .run(&raw, move |_| async move {
            let decision = parked.retry(stream, &decided_by).await.map_err(problems::parked)?;
            Answer::json(StatusCode::OK, &decision)
        })
        .await
}
