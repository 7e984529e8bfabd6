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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn describe(producer_id: AccountId, name: &str) -> DescribeProduct {
        DescribeProduct { producer_id, details: ProductDetails { name: in_french(name), ..details() } }
    }

    #[test]
    fn a_producer_says_anew_what_it_is() {
        let command = describe(marie(), "Tomates anciennes");
        let described: ProductEvent = ProductDescribed { details: command.details.clone() }.into();
        given::<Product>([created()]).when(command.clone()).then([described.clone()]);
        let offer = given::<Product>([created(), described]).state().offer;
        assert_eq!(offer.map(|offer| offer.details), Some(command.details));
    }

    #[test]
    fn the_same_words_change_nothing() {
        given::<Product>([created()])
            .when(DescribeProduct { producer_id: marie(), details: details() })
            .then_nothing();
    }

    #[test]
    fn nobody_describes_anothers_product() {
        given::<Product>([created()])
            .when(describe(paul(), "Basilic"))
            .then_refused(ProductRefusal::NotYours);
    }

    #[test]
    fn a_delisted_product_is_not_described() {
        given::<Product>([created(), delisted()])
            .when(describe(marie(), "Tomates"))
            .then_refused(ProductRefusal::Delisted);
    }

    #[test]
    fn a_product_that_was_never_created_is_not_described() {
        given::<Product>([]).when(describe(marie(), "Tomates")).then_refused(ProductRefusal::NoSuchProduct);
    }
}
