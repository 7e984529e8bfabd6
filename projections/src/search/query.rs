use std::{collections::HashSet, sync::Arc, time::Instant};

use agrodeep_domain::ProductId;
use tantivy::{
    DocAddress, Order, Searcher,
    collector::{Count, TopDocs},
    query::Query,
};

use super::{
    ProductIndex, SearchHits, SearchItem, SearchQuery, SearchResults, SearchSort,
    availability::{self, AvailabilityQuery},
    facets::{Counts, FacetCollector, facets},
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
    let mut found = look(searcher, &*matching(true)?, query, words.is_empty())?;
    if found.total == 0 && words.len() > 1 {
        found = look(searcher, &*matching(false)?, query, words.is_empty())?;
    }
    let ids = found.page.into_iter().map(|address| id(searcher, address)).collect::<tantivy::Result<_>>()?;
    Ok(SearchHits {
        ids,
        total: found.total as u64,
        facets: facets(found.counts),
        suggestions: suggestions(searcher, fields, &words)?,
        words,
        took_ms: start.elapsed().as_secs_f64() * 1000.0,
    })
}

/// What a query finds.
struct Found {
    total: usize,
    counts: Counts,
    /// Where the products of the page are.
    page: Vec<DocAddress>,
}

/// Up to which place all is found in one go. Beyond it is first counted: the collector makes room for all that it is told to
/// expect.
const IN_ONE_GO_MAX: usize = 1_000;

fn look(
    searcher: &Searcher,
    matching: &dyn Query,
    query: &SearchQuery,
    everything: bool,
) -> tantivy::Result<Found> {
    let offset = usize::try_from(query.page.offset()).unwrap_or(usize::MAX);
    let limit = query.page.limit as usize;
    if offset.saturating_add(limit) <= IN_ONE_GO_MAX && limit > 0 {
        let top = TopDocs::with_limit(limit).and_offset(offset);
        let (total, counts, page) = in_order(searcher, matching, query.sort, everything, top)?;
        return Ok(Found { total, counts, page });
    }
    let (total, counts) = searcher.search(matching, &(Count, FacetCollector))?;
    let limit = limit.min(total.saturating_sub(offset));
    if limit == 0 {
        return Ok(Found { total, counts, page: Vec::new() });
    }
    let top = TopDocs::with_limit(limit).and_offset(offset);
    let (_, _, page) = in_order(searcher, matching, query.sort, everything, top)?;
    Ok(Found { total, counts, page })
}

/// How many there are, what they have in common, and a page of them in order.
fn in_order(
    searcher: &Searcher,
    matching: &dyn Query,
    sort: SearchSort,
    everything: bool,
    top: TopDocs,
) -> tantivy::Result<(usize, Counts, Vec<DocAddress>)> {
    let (total, counts, page) = match sort {
        SearchSort::Price => {
            let top = top.order_by_fast_field::<u64>("price", Order::Asc);
            let (total, counts, page) = searcher.search(matching, &(Count, FacetCollector, top))?;
            (total, counts, page.into_iter().map(|(_, address)| address).collect())
        }
        // Nothing was asked for: nothing matches better than anything else.
        SearchSort::Relevance if !everything => {
            let top = top.order_by_score();
            let (total, counts, page) = searcher.search(matching, &(Count, FacetCollector, top))?;
            (total, counts, page.into_iter().map(|(_, address)| address).collect())
        }
        SearchSort::Relevance | SearchSort::Newest => {
            let top = top.order_by_fast_field::<i64>("created", Order::Desc);
            let (total, counts, page) = searcher.search(matching, &(Count, FacetCollector, top))?;
            (total, counts, page.into_iter().map(|(_, address)| address).collect())
        }
    };
    Ok((total, counts, page))
}

fn id(searcher: &Searcher, address: DocAddress) -> tantivy::Result<ProductId> {
    let columns = searcher.segment_reader(address.segment_ord).fast_fields();
    let of = |column: &str| {
        let value = columns.u64(column)?.first(address.doc_id);
        value.ok_or_else(|| tantivy::TantivyError::InternalError("a document has no product id".to_owned()))
    };
    Ok(availability::id(of("id_high")?, of("key")?))
}
