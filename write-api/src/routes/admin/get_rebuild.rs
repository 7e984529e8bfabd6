//! `GET /v1/admin/projections/{name}/rebuild`: how far a rebuild is.

use agrodeep_http::{Allowed, PathId, Problem};
use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::{
    caller::{Admins, Parameterless},
    problems,
    rebuilds::RebuildView,
    routes::CommandProblems,
    state::SharedRebuilds,
};

/// How far the latest rebuild of a read model is.
#[utoipa::path(
    get, path = "/v1/admin/projections/{name}/rebuild", tag = "admin", security(("bearer" = [])),
    params(("name" = String, Path, description = "The read model", example = "orders")),
    responses((status = 200, description = "How far it is", body = RebuildView), CommandProblems)
)]
pub async fn get_rebuild(
    State(SharedRebuilds(rebuilds)): State<SharedRebuilds>,
    _: Allowed<Admins>,
    _: Parameterless,
    PathId(projection): PathId<String>,
) -> Result<impl IntoResponse, Problem> {
    let latest = rebuilds.latest(&projection).await.map_err(problems::rebuild)?;
    let view = latest.ok_or_else(|| Problem::not_found(format!("{projection} was never built anew")))?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)))
}
