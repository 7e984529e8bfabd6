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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::*, product::fixtures::*, testing::given};

    fn delist(producer_id: AccountId) -> DelistProduct {
        DelistProduct { producer_id }
    }

    #[test]
    fn a_product_is_offered_no_longer() {
        given::<Product>([created()]).when(delist(marie())).then([delisted()]);
    }

    #[test]
    fn orders_that_hold_some_of_it_keep_it() {
        assert_eq!(stock([created(), held(1, "2"), delisted()]), is("10", "2", "8"));
    }

    #[test]
    fn nobody_delists_anothers_product() {
        given::<Product>([created()]).when(delist(paul())).then_refused(ProductRefusal::NotYours);
    }

    #[test]
    fn a_product_is_delisted_only_once() {
        given::<Product>([created(), delisted()])
            .when(delist(marie()))
            .then_refused(ProductRefusal::Delisted);
    }

    #[test]
    fn a_product_that_was_never_created_is_not_delisted() {
        given::<Product>([]).when(delist(marie())).then_refused(ProductRefusal::NoSuchProduct);
    }
}
