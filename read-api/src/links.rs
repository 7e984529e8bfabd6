//! Addresses in answers.

use std::sync::Arc;

use agrodeep_domain::{OrderId, ProductId};

/// Makes addresses as clients reach them.
#[derive(Clone, Debug)]
pub struct Links {
    base: Arc<str>,
}

impl Links {
    /// Addresses below `public_url`.
    pub fn new(public_url: &str) -> Self {
        Self { base: public_url.trim_end_matches('/').into() }
    }

    /// The picture that leads to a product.
    pub fn product_qr_code(&self, id: ProductId) -> String {
        format!("{}/v1/products/{id}/qrcode", self.base)
    }

    /// The picture that leads to an order.
    pub fn order_qr_code(&self, id: OrderId) -> String {
        format!("{}/v1/orders/{id}/qrcode", self.base)
    }
}
