//! What a product is.

use std::{fmt::Display, str::FromStr};

use agrodeep_domain::{Currency, Quantity, product::ProductDetails};
use agrodeep_http::{ExactDecimal, Invalid};

use super::localized::{Texts, localized};

const NAME_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 5000;
const IMAGES_MAX: usize = 10;
const IMAGE_CHARS_MAX: usize = 2048;
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 50;
const LOT_CHARS_MAX: usize = 200;

/// What a product is, as far as a client says so. `None`: it stays as it was, or has none.
#[derive(Default)]
pub struct DetailsBody {
    pub name: Option<Texts>,
    pub description: Option<Texts>,
    pub category_id: Option<String>,
    pub unit: Option<String>,
    pub images: Option<Vec<String>>,
    pub tags: Option<Vec<String>>,
    pub is_organic: Option<bool>,
    pub is_fair_trade: Option<bool>,
    pub qr_code_data: Option<String>,
}

impl DetailsBody {
    /// Whether nothing is said.
    pub const fn is_empty(&self) -> bool {
        let Self {
            name,
            description,
            category_id,
            unit,
            images,
            tags,
            is_organic,
            is_fair_trade,
            qr_code_data,
        } = self;
        name.is_none()
            && description.is_none()
            && category_id.is_none()
            && unit.is_none()
            && images.is_none()
            && tags.is_none()
            && is_organic.is_none()
            && is_fair_trade.is_none()
            && qr_code_data.is_none()
    }

    /// What the product is when this is said of one that was `before`; without, name, category and unit must be said.
    pub fn parse(&self, before: Option<&ProductDetails>, invalid: &mut Invalid) -> Option<ProductDetails> {
        let name = match (&self.name, before) {
            (Some(texts), _) => localized(texts, "/name", NAME_CHARS_MAX, invalid),
            (None, before) => before.map(|before| before.name.clone()),
        };
        let description = match &self.description {
            Some(texts) => localized(texts, "/description", DESCRIPTION_CHARS_MAX, invalid),
            None => before.and_then(|before| before.description.clone()),
        };
        let category_id = parsed("/category_id", self.category_id.as_deref(), invalid)
            .unwrap_or_else(|| before.map(|before| before.category_id.clone()));
        let unit = parsed("/unit", self.unit.as_deref(), invalid)
            .unwrap_or_else(|| before.map(|before| before.unit.clone()));
        let images = match &self.images {
            Some(images) => addresses(images, invalid),
            None => before.map(|before| before.images.clone()).unwrap_or_default(),
        };
        let tags = match &self.tags {
            Some(tags) => words(tags, invalid),
            None => before.map(|before| before.tags.clone()).unwrap_or_default(),
        };
        let qr_code_data = match &self.qr_code_data {
            Some(lot) => invalid.text("/qr_code_data", lot, LOT_CHARS_MAX),
            None => before.and_then(|before| before.qr_code_data.clone()),
        };
        Some(ProductDetails {
            name: name?,
            description,
            category_id: category_id?,
            unit: unit?,
            images,
            tags,
            is_organic: self.is_organic.unwrap_or(before.is_some_and(|before| before.is_organic)),
            is_fair_trade: self.is_fair_trade.unwrap_or(before.is_some_and(|before| before.is_fair_trade)),
            qr_code_data,
        })
    }
}

/// `None`: nothing was said. `Some(None)`: something wrong was said.
#[allow(clippy::option_option, reason = "two questions: was something said, and was it right")]
fn parsed<T: FromStr>(pointer: &str, text: Option<&str>, invalid: &mut Invalid) -> Option<Option<T>>
where
    T::Err: Display,
{
    text.map(|text| invalid.check(pointer, text.parse()))
}

fn addresses(images: &[String], invalid: &mut Invalid) -> Vec<String> {
    if images.len() > IMAGES_MAX {
        invalid.at("/images", format!("must have at most {IMAGES_MAX} items"));
        return vec![];
    }
    images
        .iter()
        .enumerate()
        .filter_map(|(index, image)| {
            let pointer = format!("/images/{index}");
            let image = invalid.text(&pointer, image, IMAGE_CHARS_MAX)?;
            let rest = image.strip_prefix("https://").or_else(|| image.strip_prefix("http://"));
            let is_address = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
                && !image.contains(|c: char| c.is_whitespace() || "\"<>\\^`{|}".contains(c));
            if !is_address {
                invalid.at(pointer, "must be an http or https address");
                return None;
            }
            Some(image)
        })
        .collect()
}

fn words(tags: &[String], invalid: &mut Invalid) -> Vec<String> {
    if tags.len() > TAGS_MAX {
        invalid.at("/tags", format!("must have at most {TAGS_MAX} items"));
        return vec![];
    }
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for (index, tag) in tags.iter().enumerate() {
        let pointer = format!("/tags/{index}");
        let Some(tag) = invalid.text(&pointer, tag, TAG_CHARS_MAX) else { continue };
        if kept.contains(&tag) {
            invalid.at(pointer, "is there more than once");
        }
        kept.push(tag);
    }
    kept
}

/// An id.
pub fn id<T: FromStr>(pointer: &str, text: &str, invalid: &mut Invalid) -> Option<T>
where
    T::Err: Display,
{
    invalid.check(pointer, text.parse())
}

/// A currency.
pub fn currency(pointer: &str, text: &str, invalid: &mut Invalid) -> Option<Currency> {
    invalid.check(pointer, text.parse())
}

/// A quantity, none included.
pub fn quantity(pointer: &str, number: ExactDecimal, invalid: &mut Invalid) -> Option<Quantity> {
    invalid.check(pointer, number.quantity())
}
