//! Who searches: the product index, and what PostgreSQL brings along, on the same rows.

use agrodeep_domain::{Language, LocalizedText};
use agrodeep_projections::{
    Page,
    products::ProductFilter,
    search::{SearchQuery, SearchSort},
};
use anyhow::Context;
use async_trait::async_trait;
use sqlx::{PgPool, types::Json};

use super::shelf::Shelf;
use crate::bench::outcome::OURS;

/// How many products are asked for.
const LIMIT: u32 = 20;

/// Somebody who finds products.
#[async_trait]
pub trait Searcher: Send + Sync {
    fn name(&self) -> &'static str;
    /// The names of the best products, best first.
    async fn search(&self, text: &str, language: Language) -> anyhow::Result<Vec<LocalizedText>>;
}

/// All of them, with the tables and indexes that they need.
pub async fn all(shelf: &Shelf) -> anyhow::Result<Vec<Box<dyn Searcher>>> {
    for statement in [
        "create extension if not exists pg_trgm with schema public",
        "create table public.searched as
             select product_id, name, document,
                 to_tsvector('english', document) || to_tsvector('french', document) as words
             from (select product_id, name, concat_ws(' ', name->>'fr', name->>'en', description->>'fr',
                 description->>'en', category_id, array_to_string(tags, ' ')) as document from products) products",
        "create index on public.searched using gin (words)",
        "create index on public.searched using gin (document public.gin_trgm_ops)",
        "vacuum (analyze) public.searched",
    ] {
        sqlx::query(statement).execute(&shelf.pool).await.with_context(|| statement.to_owned())?;
    }
    let pool = || shelf.pool.clone();
    Ok(vec![Box::new(Ours(shelf.models.clone())), Box::new(FullText(pool())), Box::new(Trigrams(pool()))])
}

/// The product index, and the rows of what it found: with facets, suggestions and highlights.
struct Ours(agrodeep_projections::ReadModels);

#[async_trait]
impl Searcher for Ours {
    fn name(&self) -> &'static str {
        OURS
    }

    async fn search(&self, text: &str, language: Language) -> anyhow::Result<Vec<LocalizedText>> {
        let query = SearchQuery {
            text: text.to_owned(),
            language: Some(language),
            filter: ProductFilter::default(),
            sort: SearchSort::Relevance,
            page: Page { page: 1, limit: LIMIT },
        };
        let found = self.0.search(&query).await?;
        Ok(found.items.into_iter().map(|item| item.product.details.name).collect())
    }
}

/// `tsvector` with a GIN index, ranked, and counted.
struct FullText(PgPool);

#[async_trait]
impl Searcher for FullText {
    fn name(&self) -> &'static str {
        "PostgreSQL full text"
    }

    async fn search(&self, text: &str, language: Language) -> anyhow::Result<Vec<LocalizedText>> {
        let configuration = match language {
            Language::Fr => "french",
            Language::En => "english",
        };
        let found: Vec<(Json<LocalizedText>, i64)> = sqlx::query_as(
            "select name, count(*) over () from public.searched, websearch_to_tsquery($1::regconfig, $2) query
             where words @@ query order by ts_rank(words, query) desc limit $3",
        )
        .bind(configuration)
        .bind(text)
        .bind(i64::from(LIMIT))
        .fetch_all(&self.0)
        .await?;
        Ok(found.into_iter().map(|(name, _)| name.0).collect())
    }
}

/// `pg_trgm` with a GIN index, ranked by word similarity, and counted.
struct Trigrams(PgPool);

#[async_trait]
impl Searcher for Trigrams {
    fn name(&self) -> &'static str {
        "PostgreSQL pg_trgm"
    }

    async fn search(&self, text: &str, _: Language) -> anyhow::Result<Vec<LocalizedText>> {
        let found: Vec<(Json<LocalizedText>, i64)> = sqlx::query_as(
            "select name, count(*) over () from public.searched where $1 operator(public.<%) document
             order by public.word_similarity($1, document) desc limit $2",
        )
        .bind(text)
        .bind(i64::from(LIMIT))
        .fetch_all(&self.0)
        .await?;
        Ok(found.into_iter().map(|(name, _)| name.0).collect())
    }
}
