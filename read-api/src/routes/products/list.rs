//! GET /v1/products

use agrodeep_http::{MinPosition, Paged, Paging, Problem, SignedIn, StrictQuery, TokenVerifier, position};
use agrodeep_projections::{Model, Page, products::ProductSort};
use axum::{
    extract::{FromRef, OriginalUri, State},
    http::{HeaderValue, header},
    response::Response,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::filter::FilterParameters;
use crate::{
    links::Links,
    reading::{Reading, unanswered},
    routes::Refusals,
    views::{people::People, product::ProductView},
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    Links: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Of this category: `vegetables` or `cat_vegetables`.
    category: Option<String>,
    /// At this price or above, whatever the currency.
    #[param(example = "1")]
    min_price: Option<String>,
    /// At this price or below, whatever the currency.
    #[param(example = "10")]
    max_price: Option<String>,
    /// Grown organically, or not.
    is_organic: Option<bool>,
    /// Of this producer.
    producer: Option<String>,
    /// With something left to order, or with nothing left.
    in_stock: Option<bool>,
    /// In which order; newest first by default.
    #[param(inline)]
    sort: Option<Sort>,
    /// Which page, from 1.
    page: Option<u32>,
    /// How many items a page has: at most 100, 20 by default.
    limit: Option<u32>,
}

/// In which order products are listed.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// Cheapest first.
    Price,
    /// Newest first.
    Newest,
    /// In most orders first.
    Popularity,
}

/// The read models that a list in this order is made from.
fn used(sort: ProductSort) -> &'static [Model] {
    match sort {
        ProductSort::Popularity => &[Model::Products, Model::Accounts, Model::Baskets],
        ProductSort::Price | ProductSort::Newest => &[Model::Products, Model::Accounts],
    }
}

/// The products that are offered.
#[utoipa::path(
    get, path = "/v1/products", tag = "products", security(("bearer" = [])),
    params(
        ListParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "A page of products; `Link` leads to others", body = Paged<ProductView>), Refusals),
)]
async fn list(
    _: SignedIn,
    StrictQuery(parameters): StrictQuery<ListParameters>,
    min: MinPosition,
    OriginalUri(uri): OriginalUri,
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let ListParameters { category, min_price, max_price, is_organic, producer, in_stock, sort, page, limit } =
        parameters;
    let paging = Paging::parse(page, limit)?;
    let filter = FilterParameters {
        category: category.as_deref(),
        min_price: min_price.as_deref(),
        max_price: max_price.as_deref(),
        is_organic,
        producer: producer.as_deref(),
        in_stock,
    }
    .parse()?;
    let sort = match sort {
        Some(Sort::Price) => ProductSort::Price,
        Some(Sort::Popularity) => ProductSort::Popularity,
        Some(Sort::Newest) | None => ProductSort::Newest,
    };

    let models = reading.at(min, used(sort)).await?;
    let page = Page { page: paging.page, limit: paging.limit };
    let found = models.products(&filter, sort, page).await.map_err(unanswered)?;
    let people = People::load(models, found.items.iter().map(|product| product.producer_id)).await?;
    let data = found.items.iter().map(|product| ProductView::of(product, &people, &links)).collect();
    let mut response = Paged { data, meta: paging.meta(found.total) }.into_response(&uri);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    // A cached answer is none for a client that has written since.
    headers.insert(header::VARY, HeaderValue::from(position::MIN_POSITION));
    Ok(response)
}
