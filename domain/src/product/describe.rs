use super::{Product, ProductDescribed, ProductDetails, ProductEvent, ProductRefusal};
use crate::AccountId;

/// Say anew what the product is.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeProduct {
    /// Whose product it must be.
    pub producer_id: AccountId,
    /// What it is now.
    pub details: ProductDetails,
}

impl Product {
    pub(super) fn describe(&self, command: &DescribeProduct) -> Result<Vec<ProductEvent>, ProductRefusal> {
        let offer = self.offered_by(command.producer_id)?;
        if offer.details == command.details {
            return Ok(vec![]);
        }
        Ok(vec![ProductDescribed { details: command.details.clone() }.into()])
    }
}
