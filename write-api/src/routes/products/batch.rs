//! `PATCH /v1/products/batch`: say how much there is of many products. Each stands alone.

use std::collections::HashMap;

use agrodeep_commands::{
    Commands,
    product::{StockCount, count_stock_batch},
};
use agrodeep_event_store::Position;
use agrodeep_http::{ExactDecimal, Invalid, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Producers},
    input, problems,
    routes::CommandProblems,
};

/// The most products of one batch.
const UPDATES_MAX: usize = 500;

/// How much there is of what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchBody {
    /// 1 to 500 products, each once.
    #[schema(min_items = 1, max_items = 500)]
    updates: Vec<StockUpdate>,
}

/// How much there is of one product.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockUpdate {
    /// The product.
    #[schema(example = "prod_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// How much is on hand, held or not.
    #[schema(example = 100)]
    stock_quantity: ExactDecimal,
}

/// What came of the batch.
#[derive(Serialize, ToSchema)]
pub struct BatchDone {
    /// How many products were counted.
    #[schema(example = 2)]
    updated: usize,
    /// Those that were not.
    errors: Vec<BatchError>,
}

/// A product that was not counted.
#[derive(Serialize, ToSchema)]
pub struct BatchError {
    /// The product.
    #[schema(example = "prod_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// Why: `not_found`, `product_delisted`, `stock_below_holds`.
    #[schema(example = "not_found")]
    error: &'static str,
}

/// Say how much there is of many products.
#[utoipa::path(
    patch, path = "/v1/products/batch", tag = "products", security(("bearer" = [])),
    params(CommandHeaders),
    request_body = BatchBody,
    responses((status = 200, description = "Each product was counted, or is among the errors", body = BatchDone), CommandProblems)
)]
pub async fn batch(
    State(commands): State<Commands>,
    caller: Caller<Producers>,
    StrictJson { value: body, raw }: StrictJson<BatchBody>,
) -> Result<Response, Problem> {
    let counts = parse(&body)?;
    let producer_id = caller.signed_in.account_id;
    caller
        .run(&raw, move |context| async move {
            let outcomes = count_stock_batch(&commands, producer_id, &counts, context).await;
            let outcomes = outcomes.map_err(problems::product)?;
            let mut done = BatchDone { updated: 0, errors: vec![] };
            let mut position = Position::START;
            for (count, outcome) in counts.iter().zip(outcomes) {
                match outcome {
                    Ok(executed) => {
                        done.updated += 1;
                        position = position.max(executed.position);
                    }
                    Err(error) => done.errors.push(BatchError {
                        id: count.product_id.to_string(),
                        error: problems::stock_count_code(&error),
                    }),
                }
            }
            Ok(Answer::json(StatusCode::OK, &done)?.position(position))
        })
        .await
}

fn parse(body: &BatchBody) -> Result<Vec<StockCount>, Problem> {
    let mut invalid = Invalid::new();
    if body.updates.is_empty() || body.updates.len() > UPDATES_MAX {
        invalid.at("/updates", format!("must have 1 to {UPDATES_MAX} items"));
        return invalid.finish(None);
    }
    let mut seen = HashMap::new();
    let mut counts = Vec::with_capacity(body.updates.len());
    for (index, update) in body.updates.iter().enumerate() {
        let pointer = format!("/updates/{index}/id");
        let product_id = input::id(&pointer, &update.id, &mut invalid);
        let on_hand =
            input::quantity(&format!("/updates/{index}/stock_quantity"), update.stock_quantity, &mut invalid);
        let (Some(product_id), Some(on_hand)) = (product_id, on_hand) else { continue };
        if let Some(first) = seen.insert(product_id, index) {
            invalid.at(pointer, format!("the product is in item {first} already"));
        }
        counts.push(StockCount { product_id, on_hand });
    }
    invalid.finish(Some(counts))
}
