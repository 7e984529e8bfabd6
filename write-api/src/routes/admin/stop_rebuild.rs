//! `POST /v1/admin/projections/{name}/rebuild/stop`: let a rebuild rest.

use agrodeep_http::{NoFields, OptionalJson, PathId, Problem};
use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    problems,
    rebuilds::RebuildView,
    routes::CommandProblems,
    state::SharedRebuilds,
};

/// Let a rebuild rest where it is. Asked for again, it goes on from there.
#[utoipa::path(
    post, path = "/v1/admin/projections/{name}/rebuild/stop", tag = "admin", security(("bearer" = [])),
    params(("name" = String, Path, description = "The read model", example = "orders"), CommandHeaders),
    responses((status = 200, description = "It rests", body = RebuildView), CommandProblems)
)]
pub async fn stop_rebuild(
    State(SharedRebuilds(rebuilds)): State<SharedRebuilds>,
    caller: Caller<Admins>,
    PathId(projection): PathId<String>,
    OptionalJson { raw, .. }: OptionalJson<NoFields>,
) -> Result<Response, Problem> {
    caller
        .run(&raw, move |_| async move {
            let view = rebuilds.stop(&projection).await.map_err(problems::rebuild)?;
            Answer::json(StatusCode::OK, &view)
        })
        .await
}
