//! `DELETE /v1/products/{id}`: offer a product no longer.

use agrodeep_commands::{
    Commands,
    product::{self, DelistRequest},
};
use agrodeep_domain::ProductId;
use agrodeep_http::{NoFields, OptionalJson, PathId, Problem};
use axum::{extract::State, response::Response};

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Producers},
    problems,
    routes::CommandProblems,
};

/// Offer a product no longer. Its history stays, and orders that hold some of it get it.
#[utoipa::path(
    delete, path = "/v1/products/{id}", tag = "products", security(("bearer" = [])),
    params(("id" = String, Path, description = "The product"), CommandHeaders),
    responses((status = 204, description = "It is no longer offered"), CommandProblems)
)]
pub async fn delete(
    State(commands): State<Commands>,
    caller: Caller<Producers>,
    PathId(product_id): PathId<ProductId>,
    OptionalJson { raw, .. }: OptionalJson<NoFields>,
) -> Result<Response, Problem> {
    let request = DelistRequest { product_id, producer_id: caller.signed_in.account_id };
    caller
        .run(&raw, move |context| async move {
            let executed = product::delist(&commands, request, context).await.map_err(problems::product)?;
            Ok(Answer::no_content().executed(&executed))
        })
        .await
}
