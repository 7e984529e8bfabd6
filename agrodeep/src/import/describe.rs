//! How a product of the data set is called and sorted in.

use std::collections::BTreeMap;

use agrodeep_domain::{Language, LocalizedText, Unit, id::CategoryId, product::ProductDetails};
use anyhow::{Context, Result};

use super::complete_journey::SourceProduct;

/// The most letters of a name or a description.
const CHARS_MAX: usize = 200;
/// The most letters of a category after `cat_`.
const SLUG_MAX: usize = 60;

/// What a product is. The data set knows what kind of thing it is, not what it is called: that becomes its name.
pub fn details(product: &SourceProduct) -> Result<ProductDetails> {
    let kind = [&product.kind, &product.category].into_iter().find_map(|text| readable(text.as_deref()));
    let mut name = kind.unwrap_or_else(|| format!("Product {}", product.product_id));
    if let Some(size) = readable(product.package_size.as_deref()) {
        name = format!("{name}, {}", size.to_lowercase());
    }
    if product.brand.as_deref() == Some("Private") {
        name += " (store brand)";
    }
    let sorted_in =
        [&product.category, &product.department].into_iter().find_map(|text| slug(text.as_deref()));
    let category = format!("cat_{}", sorted_in.unwrap_or_else(|| "other".to_owned()));
    let category_id: CategoryId = category.parse().with_context(|| format!("category {category}"))?;
    let unit: Unit = "piece".parse().context("unit piece")?;
    Ok(ProductDetails {
        name: english(&name)?,
        description: Some(english(&description(product))?),
        category_id,
        unit,
        images: vec![],
        tags: slug(product.department.as_deref()).into_iter().collect(),
        is_organic: false,
        is_fair_trade: false,
        qr_code_data: None,
    })
}

fn description(product: &SourceProduct) -> String {
    let parts =
        [&product.category, &product.department].into_iter().filter_map(|text| readable(text.as_deref()));
    let mut text = parts.collect::<Vec<_>>().join(", ");
    if !text.is_empty() {
        text += ". ";
    }
    format!("{text}Product {} of The Complete Journey.", product.product_id)
}

fn english(text: &str) -> Result<LocalizedText> {
    let text: String = text.chars().take(CHARS_MAX).collect();
    Ok(LocalizedText::parse(BTreeMap::from([(Language::En, text)]), CHARS_MAX)?)
}

/// `ICE - CRUSHED/CUBED` as `Ice - crushed/cubed`, without what no text should hold. `None` when nothing is left.
fn readable(text: Option<&str>) -> Option<String> {
    let clean: String = text?.chars().filter(|letter| !letter.is_control()).collect();
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut letters = words.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

/// `FRUIT - SHELF STABLE` as `fruit-shelf-stable`. `None` when nothing is left.
fn slug(text: Option<&str>) -> Option<String> {
    let mut slug = String::new();
    for letter in text?.chars().map(|letter| letter.to_ascii_lowercase()) {
        match letter {
            'a'..='z' | '0'..='9' if slug.len() < SLUG_MAX => slug.push(letter),
            '\'' => {}
            _ if slug.ends_with('-') || slug.is_empty() || slug.len() + 1 >= SLUG_MAX => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn source(category: &str, kind: &str, size: &str) -> SourceProduct {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        SourceProduct {
            product_id: 26_190,
            manufacturer_id: Some(69),
            department: text("GROCERY"),
            brand: text("Private"),
            category: text(category),
            kind: text(kind),
            package_size: text(size),
        }
    }

    #[test]
    fn a_product_is_called_what_it_is() {
        let apple_sauce = details(&source("FRUIT - SHELF STABLE", "APPLE  SAUCE", "50 OZ")).unwrap();
        assert_eq!(apple_sauce.name.get(Language::En), "Apple sauce, 50 oz (store brand)");
        assert_eq!(apple_sauce.category_id.as_str(), "cat_fruit-shelf-stable");
        assert_eq!(apple_sauce.unit.as_str(), "piece");
        assert_eq!(apple_sauce.tags, ["grocery"]);
        let text = apple_sauce.description.unwrap();
        assert_eq!(
            text.get(Language::En),
            "Fruit - shelf stable, Grocery. Product 26190 of The Complete Journey."
        );
    }

    #[test]
    fn a_product_of_which_little_is_known_still_has_a_name_and_a_category() {
        let bread = details(&source("BREAD", "", "")).unwrap();
        assert_eq!(bread.name.get(Language::En), "Bread (store brand)");
        let unlisted = details(&SourceProduct { product_id: 7, ..SourceProduct::default() }).unwrap();
        assert_eq!(unlisted.name.get(Language::En), "Product 7");
        assert_eq!(unlisted.category_id.as_str(), "cat_other");
    }

    #[test]
    fn whatever_a_file_says_becomes_a_name_and_a_category() {
        for odd in ["\0", "---", "É & Ü", "  ", "a\u{7}b", &"LONG - ".repeat(100), "99%", "CHEF'S"] {
            details(&source(odd, odd, odd)).unwrap();
        }
        assert_eq!(slug(Some("CHEF'S  SHOPPE/")), Some("chefs-shoppe".to_owned()));
        let long = slug(Some(&"LONG - ".repeat(100))).unwrap();
        assert!(long.len() <= SLUG_MAX && long.starts_with("long-long-") && !long.ends_with('-'), "{long}");
    }
}
