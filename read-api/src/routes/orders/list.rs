//! GET /v1/orders

use agrodeep_domain::{Role, order::OrderStatus};
use agrodeep_http::{Allowed, MinPosition, Paged, Paging, Problem, StrictQuery, TokenVerifier};
use agrodeep_projections::{Model, Page, orders::OrderFilter};
use axum::{
    extract::{FromRef, OriginalUri, State},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    language::Preferred,
    links::Links,
    reading::{Reading, unanswered},
    routes::Refusals,
    scope::{OrderReaders, Scope},
    views::{
        order::{OrderSummary, Showing},
        people::People,
    },
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
    /// That have come this far: `pending`, `confirmed`, `processing`, `shipped`, `delivered` or `cancelled`.
    #[param(value_type = Option<String>, example = "delivered")]
    status: Option<OrderStatus>,
    /// Which page, from 1.
    page: Option<u32>,
    /// How many items a page has: at most 100, 20 by default.
    limit: Option<u32>,
}

/// Orders, newest first: a buyer's own; those with lines of a producer, and of these only its lines; all for admins and
/// auditors.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", security(("bearer" = [])),
    params(
        ListParameters,
        ("Accept-Language" = Option<String>, Header, description = "`fr` or `en`: the language of the products' names"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "A page of orders; `Link` leads to others", body = Paged<OrderSummary>), Refusals),
)]
async fn list(
    allowed: Allowed<OrderReaders>,
    StrictQuery(ListParameters { status, page, limit }): StrictQuery<ListParameters>,
    min: MinPosition,
    Preferred(language): Preferred,
    OriginalUri(uri): OriginalUri,
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let user = &allowed.0;
    let paging = Paging::parse(page, limit)?;
    let filter = OrderFilter { status, ..OrderFilter::default() };
    let (filter, scope) = match user.role {
        Role::Admin | Role::Auditor => (filter, Scope::Whole),
        Role::Producer => {
            (OrderFilter { producer: Some(user.account_id), ..filter }, Scope::LinesOf(user.account_id))
        }
        _ => (OrderFilter { buyer: Some(user.account_id), ..filter }, Scope::Whole),
    };

    let models = reading.at(min, &[Model::Orders, Model::Accounts]).await?;
    let page = Page { page: paging.page, limit: paging.limit };
    let found = models.orders(&filter, page).await.map_err(unanswered)?;
    let producers = found.items.iter().flat_map(|order| &order.items).map(|item| item.producer_id);
    let people = People::load(models, producers.filter(|producer| scope.shows(*producer))).await?;
    let showing = Showing { scope, language, people: &people, links: &links };
    let data = found.items.iter().map(|order| showing.summary(order)).collect();
    Ok(Paged { data, meta: paging.meta(found.total) }.into_response(&uri))
}
