//! Parameters as Stripe takes them: `application/x-www-form-urlencoded`, with brackets for what is inside of what.

use agrodeep_domain::Money;
use reqwest::Url;

/// Parameters of a request.
pub(super) struct Form(Url);

impl Form {
    pub fn new() -> Self {
        // An address is only the means: its query is encoded as forms are.
        Self(Url::parse("form:").expect("an address without anything is one"))
    }

    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.0.query_pairs_mut().append_pair(name, value);
        self
    }

    /// In minor units: for all currencies of [`Money`] its hundredths.
    #[must_use]
    pub fn amount(self, amount: Money) -> Self {
        self.field("amount", &amount.hundredths().to_string())
    }

    /// As it is sent; `None`: there are none.
    pub fn encoded(&self) -> Option<&str> {
        self.0.query()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_encoded() {
        assert_eq!(Form::new().encoded(), None);
        let form = Form::new().field("metadata[order_id]", "ord_1 & 2=é").field("currency", "eur");
        assert_eq!(form.encoded(), Some("metadata%5Border_id%5D=ord_1+%26+2%3D%C3%A9&currency=eur"));
    }
}
