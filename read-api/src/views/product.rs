//! Products as JSON.

use agrodeep_domain::{Language, LocalizedText, ProductId};
use agrodeep_http::{ExactMoney, ExactQuantity};
use agrodeep_projections::products::Product;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    people::{People, RatedProducerView},
    text,
};
use crate::links::Links;

/// A text by language; at least one is there.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TextsView {
    /// In French.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Tomates Bio Marmande")]
    pub fr: Option<String>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Organic Marmande Tomatoes")]
    pub en: Option<String>,
}

impl TextsView {
    /// All languages of a text.
    pub fn of(texts: &LocalizedText) -> Self {
        let exact = |language| texts.exact(language).map(str::to_owned);
        Self { fr: exact(Language::Fr), en: exact(Language::En) }
    }
}

/// Whether a product is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// It can be ordered as long as there is stock.
    Active,
    /// It is offered no longer; its history stays.
    Delisted,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProductView {
    /// Which.
    #[schema(value_type = String, example = "prod_01h455vb4pex5vsknk084sn02q")]
    pub id: ProductId,
    /// Its name.
    pub name: TextsView,
    /// What it is.
    pub description: Option<TextsView>,
    /// Its category.
    #[schema(example = "cat_vegetables")]
    pub category_id: String,
    /// What one unit costs.
    pub price: ExactMoney,
    /// The currency of `price` (ISO 4217).
    #[schema(example = "EUR")]
    pub currency: String,
    /// What quantities count.
    #[schema(example = "kg")]
    pub unit: String,
    /// On hand, held for orders or not.
    pub stock_quantity: ExactQuantity,
    /// On hand and not held: what can be ordered.
    pub available_quantity: ExactQuantity,
    /// Held for orders.
    pub held_quantity: ExactQuantity,
    /// Grown organically.
    pub is_organic: bool,
    /// Traded fairly.
    pub is_fair_trade: bool,
    /// Addresses of pictures.
    pub images: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether it is offered.
    pub status: ProductStatus,
    /// Who offers it.
    pub producer: RatedProducerView,
    /// How far away it is, in kilometres; null as long as it is not known from where.
    pub distance_km: Option<f64>,
    /// A picture that leads here.
    pub qr_code_url: String,
    /// When it was first offered.
    pub created_at: DateTime<Utc>,
    /// When anything of it, its stock included, last changed.
    pub updated_at: DateTime<Utc>,
    /// Its version, as in `ETag`.
    pub version: u64,
}

impl ProductView {
    /// A product as everybody signed in may see it.
    pub fn of(product: &Product, people: &People, links: &Links) -> Self {
        let details = &product.details;
        Self {
            id: product.product_id,
            name: TextsView::of(&details.name),
            description: details.description.as_ref().map(TextsView::of),
            category_id: details.category_id.as_str().to_owned(),
            price: ExactMoney(product.price),
            currency: text(&product.price.currency()),
            unit: text(&details.unit),
            stock_quantity: ExactQuantity(product.stock_quantity),
            available_quantity: ExactQuantity(product.available_quantity()),
            held_quantity: ExactQuantity(product.held_quantity),
            is_organic: details.is_organic,
            is_fair_trade: details.is_fair_trade,
            images: details.images.clone(),
            tags: details.tags.clone(),
            status: if product.is_active { ProductStatus::Active } else { ProductStatus::Delisted },
            producer: people.rated_producer(product.producer_id),
            distance_km: None,
            qr_code_url: links.product_qr_code(product.product_id),
            created_at: product.created_at,
            updated_at: product.updated_at,
            version: product.version,
        }
    }
}
