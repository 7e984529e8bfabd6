//! What the index knows of a product, and what each event does to it. Stock is not in it: that changes all the time, and the
//! products read model has it.

use agrodeep_domain::{
    AccountId, Language, LocalizedText, Money, ProductId, id::CategoryId, product::ProductDetails,
    product::ProductEvent,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tantivy::{TantivyDocument, schema::Value};

use super::{
    availability::{high, key},
    companies::CompanyNames,
    schema::Fields,
    text::Analyser,
};
use crate::{
    ReadError,
    fact::{Fact, LogEvent, Poison},
    products::Product,
};

/// A product as the index knows it. Stored in the index beside the terms: the next event needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProductDocument {
    pub product_id: ProductId,
    pub producer_id: AccountId,
    /// What the producer is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    pub name: LocalizedText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedText>,
    pub category_id: CategoryId,
    pub tags: Vec<String>,
    pub is_organic: bool,
    pub price: Money,
    pub created_at: DateTime<Utc>,
}

impl ProductDocument {
    fn new(
        product_id: ProductId,
        (producer_id, company): (AccountId, Option<String>),
        details: &ProductDetails,
        price: Money,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            product_id,
            producer_id,
            company,
            name: details.name.clone(),
            description: details.description.clone(),
            category_id: details.category_id.clone(),
            tags: details.tags.clone(),
            is_organic: details.is_organic,
            price,
            created_at,
        }
    }

    /// A product as the products read model has it; `None`: it is no longer offered.
    pub fn of_product(product: &Product, companies: &CompanyNames) -> Option<Self> {
        product.is_active.then(|| {
            Self::new(
                product.product_id,
                (product.producer_id, companies.get(&product.producer_id).cloned()),
                &product.details,
                product.price,
                product.created_at,
            )
        })
    }

    /// The product after an event; `None`: it is not, or no longer, in the index. `companies` has the names of those who offer
    /// something new.
    pub fn after(
        before: Option<Self>,
        event: &LogEvent,
        companies: &CompanyNames,
    ) -> Result<Option<Self>, Poison> {
        let Fact::Product(fact) = event.fact()? else { return Ok(before) };
        match fact {
            ProductEvent::ProductCreated(created) => Ok(Some(Self::new(
                ProductId::from_uuid(event.recorded.stream.uuid()),
                (created.producer_id, companies.get(&created.producer_id).cloned()),
                &created.details,
                created.price,
                event.recorded.metadata.occurred_at,
            ))),
            ProductEvent::ProductDescribed(described) => {
                let before = before.ok_or(Poison::Missing)?;
                Ok(Some(Self::new(
                    before.product_id,
                    (before.producer_id, before.company),
                    &described.details,
                    before.price,
                    before.created_at,
                )))
            }
            ProductEvent::ProductRepriced(repriced) => {
                let before = before.ok_or(Poison::Missing)?;
                Ok(Some(Self { price: repriced.price, ..before }))
            }
            ProductEvent::ProductDelisted(_) => Ok(None),
            ProductEvent::StockCounted(_)
            | ProductEvent::StockHeld(_)
            | ProductEvent::HoldReleased(_)
            | ProductEvent::HoldReduced(_)
            | ProductEvent::HoldExpired(_)
            | ProductEvent::HoldCommitted(_) => Ok(before),
        }
    }

    /// The document as it goes into the index.
    pub fn to_index(&self, fields: &Fields, analyser: &mut Analyser) -> Result<TantivyDocument, ReadError> {
        let source =
            serde_json::to_string(self).map_err(|e| ReadError::Damaged(format!("product document: {e}")))?;
        let mut document = TantivyDocument::new();
        document.add_text(fields.id, self.product_id.to_string());
        document.add_u64(fields.id_high, high(self.product_id));
        document.add_u64(fields.key, key(self.product_id));
        document.add_text(fields.source, source);
        let mut everything = String::new();
        for (language, text) in self.name.all() {
            document.add_pre_tokenized_text(fields.name(*language), analyser.forms_of(text, &[*language]));
            add(&mut everything, text);
        }
        for (language, text) in self.description.iter().flat_map(LocalizedText::all) {
            document
                .add_pre_tokenized_text(fields.description(*language), analyser.forms_of(text, &[*language]));
            add(&mut everything, text);
        }
        // Nobody says in which language tags and categories are.
        let mut labels = self.category_id.slug().to_owned();
        for tag in &self.tags {
            add(&mut labels, tag);
            document.add_text(fields.tag, tag);
        }
        add(&mut everything, &labels);
        if let Some(company) = &self.company {
            let forms = analyser.forms_of(company, &[Language::Fr, Language::En]);
            document.add_pre_tokenized_text(fields.company, forms);
            add(&mut everything, company);
        }
        document
            .add_pre_tokenized_text(fields.labels, analyser.forms_of(&labels, &[Language::Fr, Language::En]));
        document.add_pre_tokenized_text(fields.words, analyser.plain_of(&everything));
        document.add_text(fields.category, self.category_id.as_str());
        document.add_text(fields.producer, self.producer_id.to_string());
        document.add_u64(fields.price, self.price.hundredths().unsigned_abs());
        document.add_u64(fields.organic, u64::from(self.is_organic));
        document.add_i64(fields.created, self.created_at.timestamp_micros());
        Ok(document)
    }

    /// The document as it was stored in the index.
    pub fn from_index(fields: &Fields, document: &TantivyDocument) -> Result<Self, ReadError> {
        let source = document.get_first(fields.source).and_then(|value| value.as_str());
        let source = source.ok_or_else(|| ReadError::Damaged("product document: no source".to_owned()))?;
        serde_json::from_str(source).map_err(|e| ReadError::Damaged(format!("product document: {e}")))
    }
}

fn add(texts: &mut String, text: &str) {
    texts.push(' ');
    texts.push_str(text);
}
