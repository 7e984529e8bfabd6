//! A producer says anew what a product is, what it costs and how much there is of it: all of it, or nothing.

use agrodeep_domain::{
    AccountId, Money, Product, ProductId, Quantity,
    product::{ProductDetails, ProductRefusal, UpdateProduct},
};

use super::{ProductError, traced_lot};
use crate::{CommandContext, Commands, ExecuteError, Executed, store_error::of_look_up};

/// What changes; the rest stays.
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// Which product.
    pub product_id: ProductId,
    /// Whose it must be.
    pub producer_id: AccountId,
    /// What it is now.
    pub details: Option<ProductDetails>,
    /// What one unit costs from now on.
    pub price: Option<Money>,
    /// What is on hand, held or not.
    pub on_hand: Option<Quantity>,
}

/// A product that was changed.
#[derive(Clone, Debug)]
pub struct Updated {
    /// As it is now.
    pub product: Product,
    /// What came of the command.
    pub executed: Executed<Product>,
}

/// Changes a product.
pub async fn update(
    commands: &Commands,
    request: UpdateRequest,
    context: CommandContext,
) -> Result<Updated, ProductError> {
    let UpdateRequest { product_id, producer_id, details, price, on_hand } = request;
    if let Some(lot) = details.as_ref().and_then(|details| details.qr_code_data.as_deref()) {
        // Nobody claims a lot for what is not theirs.
        let owner = commands
            .executor
            .inspect::<Product, _>(product_id.uuid(), |product| {
                product.state.offer.as_ref().map(|offer| offer.producer_id)
            })
            .await
            .map_err(of_look_up)?;
        match owner {
            None => return Err(ExecuteError::Refused(ProductRefusal::NoSuchProduct).into()),
            Some(owner) if owner != producer_id => {
                return Err(ExecuteError::Refused(ProductRefusal::NotYours).into());
            }
            Some(_) => traced_lot::claim(commands, lot, product_id).await?,
        }
    }
    let command = UpdateProduct { producer_id, details, price, on_hand };
    let (executed, product) = commands
        .executor
        .execute_with::<Product, _>(product_id.uuid(), command, context, Product::clone)
        .await?;
    Ok(Updated { product, executed })
}
