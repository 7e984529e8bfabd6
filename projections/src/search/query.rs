use super::{SearchQuery, SearchResults};
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
        let hits = index.search(query).await?;
        let mut products = self.products_by_id(&hits.ids).await?;
        let items = hits
            .ids
            .iter()
            .filter_map(|id| products.remove(id))
            .filter(|product| product.is_active)
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
