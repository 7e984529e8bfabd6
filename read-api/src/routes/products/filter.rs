//! Which products: the parameters that the list and the search share.

use std::str::FromStr;

use agrodeep_domain::{AccountId, Currency, Money, id::CategoryId};
use agrodeep_http::{Problem, query};
use agrodeep_projections::products::ProductFilter;
use rust_decimal::Decimal;

/// The parameters as they came.
pub struct FilterParameters<'a> {
    pub category: Option<&'a str>,
    pub min_price: Option<&'a str>,
    pub max_price: Option<&'a str>,
    pub is_organic: Option<bool>,
    pub producer: Option<&'a str>,
    pub in_stock: Option<bool>,
}

impl FilterParameters<'_> {
    /// The filter that they make.
    ///
    /// # Errors
    /// 400 `invalid_query`, naming the parameter.
    pub fn parse(&self) -> Result<ProductFilter, Problem> {
        let filter = ProductFilter {
            category: self.category.map(category).transpose()?,
            min_price: self.min_price.map(|text| price("min_price", text)).transpose()?,
            max_price: self.max_price.map(|text| price("max_price", text)).transpose()?,
            is_organic: self.is_organic,
            in_stock: self.in_stock,
            producer: self
                .producer
                .map(|text| {
                    AccountId::from_str(text).map_err(|error| query::invalid("producer", error.to_string()))
                })
                .transpose()?,
        };
        match (filter.min_price, filter.max_price) {
            (Some(min), Some(max)) if min > max => {
                Err(query::invalid("min_price", "must not be more than max_price"))
            }
            _ => Ok(filter),
        }
    }
}

/// `cat_vegetables`, or `vegetables` for short.
fn category(text: &str) -> Result<CategoryId, Problem> {
    let id = if text.starts_with("cat_") { text.to_owned() } else { format!("cat_{text}") };
    id.parse().map_err(|_| {
        let detail = "must be a category such as vegetables or cat_vegetables: lower-case letters, digits and single hyphens";
        query::invalid("category", detail)
    })
}

/// A price of whatever currency: they all have hundredths.
fn price(name: &str, text: &str) -> Result<Decimal, Problem> {
    let number = text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let amount = if number { Decimal::from_str_exact(text).ok() } else { None };
    let amount =
        amount.ok_or_else(|| query::invalid(name, "must be a decimal number, not negative, such as 4.50"))?;
    Money::from_decimal(amount, Currency::EUR)
        .map(|money| money.amount())
        .map_err(|error| query::invalid(name, error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_category_is_known_by_its_short_name_too() {
        assert_eq!(category("vegetables").unwrap(), category("cat_vegetables").unwrap());
        for bad in ["", "cat_", "Vegetables", "a b", "cat_cat_x", "é"] {
            assert!(category(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_price_is_read_exactly_or_refused() {
        assert_eq!(price("min_price", "4.5").unwrap(), Decimal::new(450, 2));
        assert_eq!(price("min_price", "0").unwrap(), Decimal::ZERO);
        for bad in ["", "-1", "1e3", "4,5", "4.555", ".", "99999999999", "NaN", "1_000", &"9".repeat(10_000)]
        {
            let problem = price("min_price", bad).unwrap_err();
            assert_eq!(problem.errors[0].parameter.as_deref(), Some("min_price"), "{bad}");
        }
    }
}
