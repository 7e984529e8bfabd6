//! `DELETE /v1/admin/projections/{name}/rebuild`: give a rebuild up.

use agrodeep_http::{NoFields, OptionalJson, PathId, Problem};
use axum::{extract::State, response::Response};

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    problems,
    routes::CommandProblems,
    state::SharedRebuilds,
};

/// Give a rebuild up, with all that it has built. The live rows are not touched.
#[utoipa::path(
    delete, path = "/v1/admin/projections/{name}/rebuild", tag = "admin", security(("bearer" = [])),
    params(("name" = String, Path, description = "The read model", example = "orders"), CommandHeaders),
    responses((status = 204, description = "It is given up"), CommandProblems)
)]
pub async fn discard_rebuild(
    State(SharedRebuilds(rebuilds)): State<SharedRebuilds>,
    caller: Caller<Admins>,
    PathId(projection): PathId<String>,
    OptionalJson { raw, .. }: OptionalJson<NoFields>,
) -> Result<Response, Problem> {
    caller
        .run(&raw, move |_| async move {
            rebuilds.discard(&projection).await.map_err(problems::rebuild)?;
            Ok(Answer::no_content())
        })
        .await
}
