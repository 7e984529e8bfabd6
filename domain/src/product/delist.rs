use super::{Product, ProductDelisted, ProductEvent, ProductRefusal};
use crate::AccountId;

/// Offer the product no longer. Holds stay: orders that have some get it.
#[derive(Clone, Debug, PartialEq)]
pub struct DelistProduct {
    /// Whose product it must be.
    pub producer_id: AccountId,
}

impl Product {
    pub(super) fn delist(&self, command: &DelistProduct) -> Result<Vec<ProductEvent>, ProductRefusal> {
        self.offered_by(command.producer_id)?;
        Ok(vec![ProductDelisted {}.into()])
    }
}
