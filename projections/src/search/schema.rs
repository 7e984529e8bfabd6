//! The fields of the index.

use agrodeep_domain::Language;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};

/// Goes up when fields or the analysis change: an index of another version is built anew.
pub(super) const VERSION: i32 = 2;

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    /// The product's id: what is deleted by.
    pub id: Field,
    /// The first half of the id: with `key`, the whole id without a dictionary.
    pub id_high: Field,
    /// The id as one number, to ask whether it is in stock.
    pub key: Field,
    /// The whole document as JSON.
    pub source: Field,
    name_fr: Field,
    name_en: Field,
    description_fr: Field,
    description_en: Field,
    /// Category and tags, by their forms in both languages.
    pub labels: Field,
    /// What the producer is called, by its forms in both languages.
    pub company: Field,
    /// All plain words: for beginnings of words, for typing errors, and for suggestions.
    pub words: Field,
    pub category: Field,
    pub tag: Field,
    pub producer: Field,
    /// In hundredths.
    pub price: Field,
    /// 1: grown organically.
    pub organic: Field,
    /// In microseconds since 1970.
    pub created: Field,
}

impl Fields {
    /// The schema and its fields.
    pub fn build() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let terms = TextOptions::default().set_indexing_options(
            // The terms come ready made: no tokenizer is ever asked.
            TextFieldIndexing::default().set_tokenizer("raw").set_index_option(IndexRecordOption::WithFreqs),
        );
        let fields = Self {
            id: schema.add_text_field("id", STRING),
            id_high: schema.add_u64_field("id_high", FAST),
            key: schema.add_u64_field("key", FAST),
            source: schema.add_text_field("source", STORED),
            name_fr: schema.add_text_field("name_fr", terms.clone()),
            name_en: schema.add_text_field("name_en", terms.clone()),
            description_fr: schema.add_text_field("description_fr", terms.clone()),
            description_en: schema.add_text_field("description_en", terms.clone()),
            labels: schema.add_text_field("labels", terms.clone()),
            company: schema.add_text_field("company", terms.clone()),
            words: schema.add_text_field("words", terms),
            category: schema.add_text_field("category", STRING | FAST),
            tag: schema.add_text_field("tag", STRING | FAST),
            producer: schema.add_text_field("producer", STRING | FAST),
            price: schema.add_u64_field("price", INDEXED | FAST),
            organic: schema.add_u64_field("organic", INDEXED | FAST),
            created: schema.add_i64_field("created", INDEXED | FAST),
        };
        (schema.build(), fields)
    }

    /// The names of products in `language`.
    pub fn name(&self, language: Language) -> Field {
        match language {
            Language::Fr => self.name_fr,
            Language::En => self.name_en,
        }
    }

    /// The descriptions of products in `language`.
    pub fn description(&self, language: Language) -> Field {
        match language {
            Language::Fr => self.description_fr,
            Language::En => self.description_en,
        }
    }
}
