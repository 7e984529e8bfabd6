//! `POST /v1/admin/projections/{name}/rebuild`: build a read model anew.

use agrodeep_http::{OptionalJson, PathId, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    problems,
    rebuilds::{RebuildView, StartRebuild},
    routes::CommandProblems,
    state::SharedRebuilds,
};

/// How it is to be built.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildBody {
    /// The version of its rows, to be sure: only the one that the program writes can be built.
    #[schema(example = 1)]
    version: Option<i32>,
    /// In how many parts the log is read at the same time, from 1 to 8; by default as many as there are processors.
    #[schema(example = 2)]
    shards: Option<u32>,
}

/// Build a read model anew from the log, beside the live one, which is read and kept up to date meanwhile; then they are
/// switched. One that was stopped is gone on with.
#[utoipa::path(
    post, path = "/v1/admin/projections/{name}/rebuild", tag = "admin", security(("bearer" = [])),
    params(("name" = String, Path, description = "The read model", example = "orders"), CommandHeaders),
    request_body = RebuildBody,
    responses((status = 202, description = "It is being built", body = RebuildView), CommandProblems)
)]
pub async fn start_rebuild(
    State(SharedRebuilds(rebuilds)): State<SharedRebuilds>,
    caller: Caller<Admins>,
    PathId(projection): PathId<String>,
    OptionalJson { value: RebuildBody { version, shards }, raw }: OptionalJson<RebuildBody>,
) -> Result<Response, Problem> {
    let requested_by = caller.signed_in.actor().to_string();
    caller
        .run(&raw, move |_| async move {
            let request = StartRebuild { projection, version, shards, requested_by };
            let view = rebuilds.start(request).await.map_err(problems::rebuild)?;
            Answer::json(StatusCode::ACCEPTED, &view)
        })
        .await
}
