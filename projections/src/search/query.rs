use std::{collections::HashSet, sync::Arc, time::Instant};

use agrodeep_domain::ProductId;
use tantivy::{
    DocAddress, Order, Searcher,
    collector::{Count, TopDocs},
    query::Query,
};

use super::{
    ProductIndex, SearchHits, SearchItem, SearchQuery, SearchResults, SearchSort,
    availability::AvailabilityQuery,
    facets::{FacetCollector, facets},
    highlight::Highlighter,
    matching::{WORDS_MAX, filtered, text_query},
    schema::Fields,
    suggest::suggestions,
    text::Analyser,
};
use crate::{ReadError, ReadModels};

impl ReadModels {
    /// Searches the offered products. What the index found is shown as the products read model has it now; what is no
    /// longer offered there is left out of the page.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when this process has no index.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchResults, ReadError> {
        let index = self
            .index()
            .ok_or_else(|| ReadError::Unavailable("this process has no product index".to_owned()))?;
        let sold_out = match query.filter.in_stock {
            Some(_) => Some(index.sold_out.now(self).await?),
            None => None,
        };
        let hits = index.search(query, sold_out).await?;
        let mut highlighter = Highlighter::new(index.analyser.clone(), &hits.words, query.language);
        let mut products = self.products_by_id(&hits.ids).await?;
        let items = hits
            .ids
            .iter()
            .filter_map(|id| products.remove(id))
            .filter(|product| product.is_active)
            .map(|product| SearchItem { highlights: highlighter.highlights(&product.details), product })
            .collect();
        Ok(SearchResults {
            items,
            total: hits.total,
            facets: hits.facets,
            suggestions: hits.suggestions,
            took_ms: hits.took_ms,
        })
    }
}

impl ProductIndex {
    /// Searches. Products that have all the words come first; when there are none, those that have any.
    async fn search(
        &self,
        query: &SearchQuery,
        sold_out: Option<Arc<HashSet<u64>>>,
    ) -> Result<SearchHits, ReadError> {
        let (searcher, fields) = self.searcher();
        let (analyser, query) = (self.analyser.clone(), query.clone());
        tokio::task::spawn_blocking(move || search(&searcher, &fields, analyser, &query, sold_out))
            .await
            .map_err(|error| ReadError::Unavailable(error.to_string()))?
            .map_err(|error| ReadError::Unavailable(error.to_string()))
    }
}

fn search(
    searcher: &Searcher,
    fields: &Fields,
    mut analyser: Analyser,
    query: &SearchQuery,
    sold_out: Option<Arc<HashSet<u64>>>,
) -> tantivy::Result<SearchHits> {
    let start = Instant::now();
    let mut words = analyser.words(&query.text);
    words.truncate(WORDS_MAX);
    let matching = |all| {
        let text = text_query(searcher, fields, &words, query.language, all)?;
        let query_of_index = filtered(text, fields, &query.filter);
        Ok::<_, tantivy::TantivyError>(match (&sold_out, query.filter.in_stock) {
            (Some(sold_out), Some(in_stock)) => {
                Box::new(AvailabilityQuery { query: query_of_index, in_stock, sold_out: sold_out.clone() })
            }
            _ => query_of_index,
        })
    };
    let mut found = matching(true)?;
    let (mut total, mut counts) = searcher.search(&*found, &(Count, FacetCollector))?;
    if total == 0 && words.len() > 1 {
        found = matching(false)?;
        (total, counts) = searcher.search(&*found, &(Count, FacetCollector))?;
    }
    let addresses = page(searcher, &*found, query, words.is_empty(), total)?;
    let ids = addresses.into_iter().map(|address| id(searcher, address)).collect::<tantivy::Result<_>>()?;
    Ok(SearchHits {
        ids,
        total: total as u64,
        facets: facets(counts),
        suggestions: suggestions(searcher, fields, &words)?,
        words,
        took_ms: start.elapsed().as_secs_f64() * 1000.0,
    })
}

/// Where the products of the page are.
fn page(
    searcher: &Searcher,
    found: &dyn Query,
    query: &SearchQuery,
    everything: bool,
    total: usize,
) -> tantivy::Result<Vec<DocAddress>> {
    let offset = usize::try_from(query.page.offset()).unwrap_or(usize::MAX);
    // Never more than there are: the collector makes room for all that it is told to expect.
    let limit = (query.page.limit as usize).min(total.saturating_sub(offset));
    if limit == 0 {
        return Ok(Vec::new());
    }
    let top = TopDocs::with_limit(limit).and_offset(offset);
    let addresses = match query.sort {
        SearchSort::Price => {
            let top = top.order_by_fast_field::<u64>("price", Order::Asc);
            searcher.search(found, &top)?.into_iter().map(|(_, address)| address).collect()
        }
        // Nothing was asked for: nothing matches better than anything else.
        SearchSort::Relevance if !everything => {
            searcher.search(found, &top.order_by_score())?.into_iter().map(|(_, address)| address).collect()
        }
        SearchSort::Relevance | SearchSort::Newest => {
            let top = top.order_by_fast_field::<i64>("created", Order::Desc);
            searcher.search(found, &top)?.into_iter().map(|(_, address)| address).collect()
        }
    };
    Ok(addresses)
}

fn id(searcher: &Searcher, address: DocAddress) -> tantivy::Result<ProductId> {
    let damaged = || tantivy::TantivyError::InternalError("a document has no product id".to_owned());
    let column = searcher.segment_reader(address.segment_ord).fast_fields().str("id")?.ok_or_else(damaged)?;
    let ordinal = column.term_ords(address.doc_id).next().ok_or_else(damaged)?;
    let mut text = String::new();
    column.ord_to_str(ordinal, &mut text)?;
    text.parse().map_err(|_| damaged())
}
