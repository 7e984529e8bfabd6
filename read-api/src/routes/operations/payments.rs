//! GET /v1/operations/payments

use std::sync::Arc;

use agrodeep_http::{Allowed, MinPosition, Paged, Paging, Problem, StrictQuery, TokenVerifier, query};
use agrodeep_projections::Page;
use axum::{
    extract::{FromRef, OriginalUri, State},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    payments::PaymentDifferences, reading::unanswered, routes::Refusals, scope::Operators,
    views::payments::PaymentDifferenceItem,
};

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn PaymentDifferences>: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(payments))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaymentsParameters {
    /// Only those of this kind: `other_amount`, `unknown_payment`, `other_refund_amount`, `unexpected_refund`, `refund_failed`,
    /// `refund_missing`, `missing_at_provider` or `unreadable_message`.
    #[param(example = "other_amount")]
    kind: Option<String>,
    /// Which page, from 1.
    page: Option<u32>,
    /// How many items a page has: at most 100, 20 by default.
    limit: Option<u32>,
}

/// Where the payment provider and the log differ in a way that a person has to look at, those noticed last first. What
/// `agrodeep payments differences` prints.
#[utoipa::path(
    get, path = "/v1/operations/payments", tag = "operations", security(("bearer" = [])),
    params(PaymentsParameters),
    responses(
        (status = 200, description = "A page of differences; `Link` leads to others", body = Paged<PaymentDifferenceItem>),
        Refusals,
    ),
)]
async fn payments(
    _: Allowed<Operators>,
    // Refused when it is none. What is kept beside the log is never behind it.
    _: MinPosition,
    StrictQuery(parameters): StrictQuery<PaymentsParameters>,
    OriginalUri(uri): OriginalUri,
    State(differences): State<Arc<dyn PaymentDifferences>>,
) -> Result<Response, Problem> {
    let paging = Paging::parse(parameters.page, parameters.limit)?;
    let kind = parameters.kind.as_deref();
    let kinds = differences.kinds();
    if kind.is_some_and(|kind| !kinds.contains(&kind)) {
        return Err(query::invalid("kind", format!("must be one of {}", kinds.join(", "))));
    }
    let page = Page { page: paging.page, limit: paging.limit };
    let found = differences.differences(kind, page).await.map_err(unanswered)?;
    let data: Vec<_> = found.items.into_iter().map(PaymentDifferenceItem::from).collect();
    Ok(Paged { data, meta: paging.meta(found.total) }.into_response(&uri))
}
