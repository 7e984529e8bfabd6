//! A producer has counted the stock of many products at once. Each count stands alone.

use std::collections::HashSet;

use agrodeep_domain::{
    AccountId, Product, ProductId, Quantity,
    product::{CountStock, ProductRefusal},
};
use futures::StreamExt;

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// How many products are changed at the same time.
const AT_ONCE_MAX: usize = 16;

/// What was counted of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockCount {
    /// Which product.
    pub product_id: ProductId,
    /// What is on hand, held or not.
    pub on_hand: Quantity,
}

/// Why one count was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockCountError {
    /// The product was counted before in the same list.
    #[error("the product is in the list more than once: the first count was taken")]
    Duplicate,
    /// The product says no.
    #[error(transparent)]
    Refused(#[from] ProductRefusal),
}

/// Takes every count that can be taken; the results stand in the order of the counts.
///
/// # Errors
/// When for one of them it could not be decided. Others may have been taken: ask again with the same command id.
pub async fn count_stock_batch(
    commands: &Commands,
    producer_id: AccountId,
    counts: &[StockCount],
    context: CommandContext,
) -> Result<Vec<Result<Executed<Product>, StockCountError>>, ExecuteError<ProductRefusal>> {
    let mut seen = HashSet::new();
    let asked: Vec<_> = counts.iter().map(|count| (*count, seen.insert(count.product_id))).collect();
    let outcomes: Vec<_> = futures::stream::iter(asked)
        .map(|(StockCount { product_id, on_hand }, first)| {
            let context = context.then(&format!("count_stock:{product_id}"));
            async move {
                if !first {
                    return Ok(Err(StockCountError::Duplicate));
                }
                let command = CountStock { producer_id, on_hand };
                match commands.executor.execute::<Product>(product_id.uuid(), command, context).await {
                    Ok(executed) => Ok(Ok(executed)),
                    Err(ExecuteError::Refused(refusal)) => Ok(Err(StockCountError::Refused(refusal))),
                    Err(undecided) => Err(undecided),
                }
            }
        })
        .buffered(AT_ONCE_MAX)
        .collect()
        .await;
    // Only now: what was begun is ended before an error is told.
    outcomes.into_iter().collect()
}
