//! Why an order was not placed.

use agrodeep_commands::order::PlaceError;
use agrodeep_domain::delivery_terms::NoDelivery;
use agrodeep_http::{FieldError, Problem};

use super::{invalid, order};

/// Why an order was not placed.
pub fn place(error: PlaceError) -> Problem {
    match error {
        PlaceError::NoItems | PlaceError::TooManyItems { .. } => invalid("/items", error),
        PlaceError::Item { index, problem } => {
            invalid(&format!("/items/{index}/{}", problem.field()), problem)
        }
        PlaceError::HoldLimit { index, limit } => {
            let pointer = format!("/items/{index}/product_id");
            Problem::conflict("hold_limit_exceeded", error.to_string())
                .with_errors(vec![FieldError::pointer(&pointer, error.to_string())])
                .with("limit", limit.get())
        }
        PlaceError::NoDelivery(refused) => no_delivery(refused),
        PlaceError::Execute(error) => order(error),
    }
}

/// Why the producers of an order cannot deliver it so. The days are for programs, too.
fn no_delivery(refused: NoDelivery) -> Problem {
    match refused {
        NoDelivery::NotOn { earliest, next, .. } => {
            Problem::conflict("delivery_date_unavailable", refused.to_string())
                .with_errors(vec![FieldError::pointer("/preferred_delivery_date", refused.to_string())])
                .with("earliest_delivery_date", earliest.to_string())
                .with("next_delivery_date", next.to_string())
        }
        NoDelivery::NoCommonDay => Problem::conflict("no_common_delivery_day", refused.to_string())
            .with_errors(vec![FieldError::pointer("/items", refused.to_string())]),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn one_unpaid_order_too_many_is_told_with_the_limit_and_the_item() {
        let limit = NonZeroU32::MIN.saturating_add(4);
        let problem = place(PlaceError::HoldLimit { index: 2, limit });
        let told = serde_json::to_value(&problem).expect("JSON");
        assert_eq!((&told["status"], &told["error"]), (&409.into(), &"hold_limit_exceeded".into()));
        assert_eq!(
            (&told["limit"], &told["errors"][0]["pointer"]),
            (&5.into(), &"/items/2/product_id".into())
        );
    }
}
