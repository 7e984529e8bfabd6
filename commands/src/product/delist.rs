//! A producer offers a product no longer.

use agrodeep_domain::{
    AccountId, Product, ProductId,
    product::{DelistProduct, ProductRefusal},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which product.
#[derive(Clone, Debug)]
pub struct DelistRequest {
    /// Which product.
    pub product_id: ProductId,
    /// Whose it must be.
    pub producer_id: AccountId,
}

/// Takes a product off the market. Orders that hold some of it get it.
pub async fn delist(
    commands: &Commands,
    request: DelistRequest,
    context: CommandContext,
) -> Result<Executed<Product>, ExecuteError<ProductRefusal>> {
    let command = DelistProduct { producer_id: request.producer_id };
    commands.executor.execute::<Product>(request.product_id.uuid(), command, context).await
}
