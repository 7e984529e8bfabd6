//! GET /v1/orders/{id}, also as it was: `?as_of=TIME` or `?version=N`

use agrodeep_domain::{OrderId, order::OrderStatus};
use agrodeep_event_store::RecordedEvent;
use agrodeep_http::{Allowed, MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier};
use agrodeep_projections::{Model, ReadModels, deliveries::Delivery, orders::Order};
use axum::{
    extract::{FromRef, State},
    response::Response,
};
use chrono::Utc;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::whole_history;
use crate::{
    if_none_match::IfNoneMatch,
    language::Preferred,
    links::Links,
    reading::{self, Reading, unanswered},
    routes::{Refusals, as_it_was, versioned},
    scope::{OrderReaders, Scope, no_such_order},
    time_travel::{self, Moment, MomentParameters, OrderThen, Then},
    views::{
        order::{OrderView, Showing},
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
    OpenApiRouter::new().routes(routes!(get))
}

/// One order. A producer sees its own lines only.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The order's id", example = "ord_01h455vb4pex5vsknk084sn02q"),
        MomentParameters,
        ("If-None-Match" = Option<String>, Header, description = "The version that the client has"),
        ("Accept-Language" = Option<String>, Header, description = "`fr` or `en`: the language of the products' names"),
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 304, description = "The client has this version, and nothing else has changed"),
        Refusals,
    ),
)]
async fn get(
    allowed: Allowed<OrderReaders>,
    PathId(order_id): PathId<OrderId>,
    StrictQuery(parameters): StrictQuery<MomentParameters>,
    (min, has, language): (MinPosition, IfNoneMatch, Preferred),
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let user = &allowed.0;
    let moment = parameters.moment(Utc::now())?;
    let needed = if moment.is_none() { NOW } else { THEN };
    let models = reading.about(min, needed, &[reading::order(order_id)]).await?;
    let Seen { order, delivery, scope, settled } = match moment {
        None => now(models, order_id, user).await?,
        Some(moment) => Past::of(models, order_id, user).await?.at(moment)?,
    };
    let people = people(models, scope, &order, delivery.as_ref()).await?;
    let view = Showing { scope, language: language.0, people: &people, links: &links }
        .order(&order, delivery.as_ref());
    let answer = if moment.is_none() { versioned } else { as_it_was };
    Ok(answer(view, order.version, &has, settled, VARY))
}

/// What an answer depends on, besides the address.
pub(super) const VARY: &str = "Authorization, Accept-Language";

/// What an order as it is is made from.
const NOW: &[Model] = &[Model::Orders, Model::Deliveries, Model::Accounts];

/// What an order as it was is made from.
pub(super) const THEN: &[Model] = &[Model::OrderHistory, Model::Accounts];

/// An order as somebody sees it.
pub(super) struct Seen {
    pub order: Order,
    pub delivery: Option<Delivery>,
    pub scope: Scope,
    /// Whether its version says all: what has versions of their own, its delivery and its stock, moves no more.
    pub settled: bool,
}

async fn now(models: &ReadModels, order_id: OrderId, user: &SignedIn) -> Result<Seen, Problem> {
    let order = models.order(order_id).await.map_err(unanswered)?.ok_or_else(no_such_order)?;
    let scope = scope(user, &order)?;
    let delivery = match &order.delivery {
        Some(planned) => models.delivery(planned.delivery_id).await.map_err(unanswered)?,
        None => None,
    };
    let settled = order.status == OrderStatus::Delivered;
    Ok(Seen { order, delivery, scope, settled })
}

/// All that concerns an order, for somebody who may see it.
pub(super) struct Past {
    history: Vec<RecordedEvent>,
    scope: Scope,
}

impl Past {
    pub async fn of(models: &ReadModels, order_id: OrderId, user: &SignedIn) -> Result<Self, Problem> {
        let history = whole_history(models, order_id).await?;
        if history.is_empty() {
            return Err(no_such_order());
        }
        // Whose it is never changes, so its first version says who may know that it exists at all.
        let first = time_travel::order(&history, Moment::Version(1))?;
        let scope = scope(user, &first.thing.order)?;
        Ok(Self { history, scope })
    }

    pub fn at(&self, moment: Moment) -> Result<Seen, Problem> {
        let Then { thing: OrderThen { order, delivery }, settled } =
            time_travel::order(&self.history, moment)?;
        Ok(Seen { order, delivery, scope: self.scope, settled })
    }
}

/// The people that are named where an order is shown.
pub(super) async fn people(
    models: &ReadModels,
    scope: Scope,
    order: &Order,
    delivery: Option<&Delivery>,
) -> Result<People, Problem> {
    let shown = order.items.iter().map(|item| item.producer_id).filter(|producer| scope.shows(*producer));
    People::load(models, shown.chain(delivery.and_then(|delivery| delivery.driver_id))).await
}

fn scope(user: &SignedIn, order: &Order) -> Result<Scope, Problem> {
    Scope::of(user, order.buyer_id, order.items.iter().map(|item| item.producer_id))
}
