//! One line of an order.

pub mod cancel;
pub mod report;

use agrodeep_commands::order::ChangedLine;
use agrodeep_domain::{OrderId, ProductId};
use agrodeep_http::ExactQuantity;
use serde::Serialize;
use utoipa::ToSchema;

/// A line that has been changed.
#[derive(Serialize, ToSchema)]
pub struct ChangedLineView {
    /// The order.
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    order_id: OrderId,
    /// The product of the line.
    #[schema(value_type = String, example = "prod_01h455vb4pex5vsknk084sn02q")]
    product_id: ProductId,
    /// How far the order has come; `cancelled` when nothing is left of it.
    #[schema(example = "confirmed")]
    status: &'static str,
    /// How much of the line there is now.
    #[schema(example = 2)]
    quantity: ExactQuantity,
    /// What the line costs now.
    #[schema(example = "9.00 EUR")]
    total_price: String,
    /// What the whole order costs now.
    #[schema(example = "9.00 EUR")]
    order_total: String,
    /// What goes back to the buyer for all lines that have become less so far.
    #[schema(example = "4.50 EUR")]
    refund_total: String,
}

impl ChangedLineView {
    fn of(order_id: OrderId, product_id: ProductId, changed: &ChangedLine) -> Self {
        Self {
            order_id,
            product_id,
            status: changed.status.as_str(),
            quantity: ExactQuantity(changed.quantity),
            total_price: changed.total.to_string(),
            order_total: changed.order_total.to_string(),
            refund_total: changed.refunds.to_string(),
        }
    }
}
