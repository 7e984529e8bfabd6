//! A producer offers a new product.

use agrodeep_domain::{
    AccountId, Money, Product, ProductId, Quantity,
    product::{CreateProduct, ProductDetails, ProductRefusal},
};

use super::{ProductError, traced_lot};
use crate::{CommandContext, Commands, ExecuteError, Executed, command_id};

/// What is offered.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// Who offers it.
    pub producer_id: AccountId,
    /// What it is.
    pub details: ProductDetails,
    /// What one unit costs.
    pub price: Money,
    /// How much is on hand.
    pub stock: Quantity,
}

/// Offers a new product. Its id follows from the command's, so that a repeat finds it again.
pub async fn create(
    commands: &Commands,
    request: CreateRequest,
    context: CommandContext,
) -> Result<(ProductId, Executed<Product>), ProductError> {
    if request.price.is_zero() {
        return Err(ExecuteError::Refused(ProductRefusal::NoPrice).into());
    }
    let product_id = ProductId::from_uuid(command_id::of_new_aggregate(context.command_id));
    let lot = request.details.qr_code_data.clone();
    if let Some(lot) = &lot {
        traced_lot::claim(commands, lot, product_id).await?;
    }
    let command = CreateProduct {
        product_id,
        producer_id: request.producer_id,
        details: request.details,
        price: request.price,
        stock: request.stock,
    };
    let outcome = commands.executor.execute::<Product>(product_id.uuid(), command, context).await;
    if let (Err(ExecuteError::Contended | ExecuteError::Unavailable(_)), Some(lot)) = (&outcome, &lot) {
        traced_lot::give_up(commands, lot, product_id).await;
    }
    Ok((product_id, outcome?))
}
