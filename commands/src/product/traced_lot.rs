//! The traced lot (`qr_code_data`) of a product is unique among all products, and for good: the code is printed on crates,
//! and must lead to the same product whatever is said about it later. So no command gives a lot up that a product has had.

use agrodeep_domain::{
    Aggregate, Product, ProductId, evolution,
    product::{ProductEvent, ProductRefusal},
};
use agrodeep_event_store::StreamId;

use crate::{Commands, ExecuteError, reservations::Claim};

const SCOPE: &str = "qr_code_data";

/// Why a product was not created or changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProductError {
    /// The traced lot is another product's.
    #[error("another product has this qr_code_data")]
    LotTaken,
    /// The command was not executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError<ProductRefusal>),
}

/// Makes sure that `lot` is `product_id`'s alone, before the command that says so.
pub(super) async fn claim(commands: &Commands, lot: &str, product_id: ProductId) -> Result<(), ProductError> {
    let reservations = &commands.reservations;
    let owner = product_id.uuid();
    match reservations.claim(SCOPE, lot, owner).await.map_err(ExecuteError::from)? {
        Claim::Granted => Ok(()),
        Claim::Taken { owner: other, old: true, .. } if !has_had(commands, other, lot).await? => {
            let taken = reservations.take_over(SCOPE, lot, other, owner).await.map_err(ExecuteError::from)?;
            if taken { Ok(()) } else { Err(ProductError::LotTaken) }
        }
        Claim::Taken { .. } => Err(ProductError::LotTaken),
    }
}

/// Gives up a lot that was claimed for a product that is certain not to have come into being.
pub(super) async fn give_up(commands: &Commands, lot: &str, product_id: ProductId) {
    if let Err(error) = commands.reservations.release(SCOPE, lot, product_id.uuid()).await {
        // It can be taken over in a day.
        tracing::warn!(%product_id, %error, "a traced lot that nobody uses could not be given up");
    }
}

/// Whether the product has ever been said to have this lot.
async fn has_had(commands: &Commands, product: uuid::Uuid, lot: &str) -> Result<bool, ProductError> {
    let stream = StreamId::new(Product::TYPE, product);
    let events = commands
        .executor
        .log()
        .load(&stream, 0)
        .await
        .map_err(|error| ExecuteError::Unavailable(error.to_string()))?;
    for event in events {
        let event: ProductEvent =
            evolution::read(&event.event_type, &event.event_version, event.payload.get()).map_err(
                |error| ExecuteError::Damaged(format!("the event at position {}: {error}", event.position)),
            )?;
        let details = match &event {
            ProductEvent::ProductCreated(created) => &created.details,
            ProductEvent::ProductDescribed(described) => &described.details,
            _ => continue,
        };
        if details.qr_code_data.as_deref() == Some(lot) {
            return Ok(true);
        }
    }
    Ok(false)
}
