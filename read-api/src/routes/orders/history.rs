//! GET /v1/orders/{id}/history

use std::collections::BTreeSet;

use agrodeep_domain::{OrderId, ProductId};
use agrodeep_event_store::{Position, RecordedEvent};
use agrodeep_http::{Allowed, MinPosition, PathId, Problem, StrictQuery, TokenVerifier, query};
use agrodeep_projections::{Model, ReadModels, orders::Order};
use axum::{
    Json,
    extract::{FromRef, OriginalUri, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    reading::{self, Reading, unanswered},
    routes::Refusals,
    scope::{OrderReaders, Scope, no_such_order},
    views::history::{HistoryEntryView, HistoryMeta, HistoryView},
};

/// The most events of one answer.
const LIMIT_MAX: u32 = 500;

/// How many events one answer has when nothing else is asked for.
const LIMIT_DEFAULT: u32 = 100;

/// The route.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(history))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryParameters {
    /// Where to go on: `next_cursor` of the answer before.
    cursor: Option<String>,
    /// The most events of one answer: at most 500, 100 by default.
    limit: Option<u32>,
}

/// Every event that concerns an order, in the order of the log: its own, its stock holds, its payment, its deliveries and
/// the steps of its fulfilment. A producer sees only those that concern its own lines.
#[utoipa::path(
    get, path = "/v1/orders/{id}/history", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The order's id", example = "ord_01h455vb4pex5vsknk084sn02q"),
        HistoryParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "The events; `Link` leads to what comes next", body = HistoryView), Refusals),
)]
async fn history(
    allowed: Allowed<OrderReaders>,
    PathId(order_id): PathId<OrderId>,
    StrictQuery(parameters): StrictQuery<HistoryParameters>,
    min: MinPosition,
    OriginalUri(uri): OriginalUri,
    State(reading): State<Reading>,
) -> Result<Response, Problem> {
    let user = &allowed.0;
    let (after, limit) = parameters.parse()?;
    let models =
        reading.about(min, &[Model::Orders, Model::OrderHistory], &[reading::order(order_id)]).await?;
    let order = models.order(order_id).await.map_err(unanswered)?.ok_or_else(no_such_order)?;
    let scope = Scope::of(user, order.buyer_id, order.items.iter().map(|item| item.producer_id))?;
    let view = read(models, &order, scope, after, limit).await?;
    let link = view
        .meta
        .next_cursor
        .as_ref()
        .map(|next| format!("<{}?cursor={next}&limit={limit}>; rel=\"next\"", uri.path()));
    let mut response = Json(view).into_response();
    if let Some(link) = link.and_then(|link| link.parse().ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

async fn read(
    models: &ReadModels,
    order: &Order,
    scope: Scope,
    mut after: Position,
    limit: usize,
) -> Result<HistoryView, Problem> {
    let mut data = Vec::new();
    let next_cursor = 'all: loop {
        let batch = models.order_history(order.order_id, after, limit + 1).await.map_err(unanswered)?;
        let is_last = batch.len() <= limit;
        for entry in batch {
            if data.len() == limit {
                break 'all Some(after.to_string());
            }
            after = entry.event.position;
            data.extend(shown(entry.event, order, scope)?);
        }
        if is_last {
            break None;
        }
    };
    Ok(HistoryView { data, meta: HistoryMeta { limit, next_cursor } })
}

fn shown(event: RecordedEvent, order: &Order, scope: Scope) -> Result<Option<HistoryEntryView>, Problem> {
    match scope {
        Scope::Whole => HistoryEntryView::whole(event).map(Some),
        Scope::LinesOf(producer) => {
            let lines = order.items.iter().filter(|item| item.producer_id == producer);
            let products: BTreeSet<ProductId> = lines.map(|item| item.product_id).collect();
            HistoryEntryView::for_producer(event, producer, &products)
        }
    }
}

impl HistoryParameters {
    fn parse(&self) -> Result<(Position, usize), Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(query::invalid("limit", format!("must be between 1 and {LIMIT_MAX}")));
        }
        let after = match &self.cursor {
            None => Position::START,
            Some(text) => {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let position = if digits { text.parse().ok() } else { None };
                position.ok_or_else(|| query::invalid("cursor", "must be a next_cursor as it came"))?
            }
        };
        Ok((after, limit as usize))
    }
}
