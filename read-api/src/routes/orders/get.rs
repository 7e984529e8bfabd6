//! GET /v1/orders/{id}, also as it was: `?as_of=TIME` or `?version=N`

use agrodeep_domain::{OrderId, order::OrderStatus};
use agrodeep_http::{Allowed, MinPosition, PathId, Problem, SignedIn, StrictQuery, TokenVerifier, query};
use agrodeep_projections::{Model, ReadModels, deliveries::Delivery, orders::Order};
use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::whole_history;
use crate::{
    if_none_match::IfNoneMatch,
    language::Preferred,
    links::Links,
    reading::{Reading, unanswered},
    routes::{Refusals, versioned},
    scope::{OrderReaders, Scope, no_such_order},
    time_travel::{Moment, Then, TimeTravelError, then},
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

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GetParameters {
    /// The order as it was at this time (RFC 3339), not in the future.
    #[param(example = "2024-08-15T10:35:00Z")]
    as_of: Option<String>,
    /// The order as it was at the end of this version, from 1.
    version: Option<u64>,
}

/// One order. A producer sees its own lines only.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The order's id", example = "ord_01h455vb4pex5vsknk084sn02q"),
        GetParameters,
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
    StrictQuery(parameters): StrictQuery<GetParameters>,
    (min, has, language): (MinPosition, IfNoneMatch, Preferred),
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let user = &allowed.0;
    let moment = parameters.moment(Utc::now())?;
    let needed = if moment.is_none() { NOW } else { THEN };
    let models = reading.at(min, needed).await?;
    let Seen { order, delivery, scope } = match moment {
        None => now(models, order_id, user).await?,
        Some(moment) => back_then(models, order_id, user, moment).await?,
    };
    let shown = order.items.iter().map(|item| item.producer_id).filter(|producer| scope.shows(*producer));
    let driver = delivery.as_ref().and_then(|delivery| delivery.driver_id);
    let people = People::load(models, shown.chain(driver)).await?;
    let view = Showing { scope, language: language.0, people: &people, links: &links }
        .order(&order, delivery.as_ref());
    Ok(versioned(
        view,
        order.version,
        &has,
        moment.is_none() && settled(&order),
        "Authorization, Accept-Language",
    ))
}

/// What an order as it is is made from.
const NOW: &[Model] = &[Model::Orders, Model::Deliveries, Model::Accounts];

/// What an order as it was is made from.
const THEN: &[Model] = &[Model::OrderHistory, Model::Accounts];

/// An order as somebody sees it.
struct Seen {
    order: Order,
    delivery: Option<Delivery>,
    scope: Scope,
}

/// Whether the order's version says all: its delivery and its stock, which have versions of their own, move no more.
fn settled(order: &Order) -> bool {
    order.status == OrderStatus::Delivered
}

async fn now(models: &ReadModels, order_id: OrderId, user: &SignedIn) -> Result<Seen, Problem> {
    let order = models.order(order_id).await.map_err(unanswered)?.ok_or_else(no_such_order)?;
    let scope = scope(user, &order)?;
    let delivery = match &order.delivery {
        Some(planned) => models.delivery(planned.delivery_id).await.map_err(unanswered)?,
        None => None,
    };
    Ok(Seen { order, delivery, scope })
}

async fn back_then(
    models: &ReadModels,
    order_id: OrderId,
    user: &SignedIn,
    moment: Moment,
) -> Result<Seen, Problem> {
    let history = whole_history(models, order_id).await?;
    if history.is_empty() {
        return Err(no_such_order());
    }
    // Whose it is never changes, so its first version says who may know that it exists at all.
    let first = then(&history, Moment::Version(1)).map_err(|error| refused(&error))?;
    let scope = scope(user, &first.order)?;
    let Then { order, delivery } = then(&history, moment).map_err(|error| refused(&error))?;
    Ok(Seen { order, delivery, scope })
}

fn scope(user: &SignedIn, order: &Order) -> Result<Scope, Problem> {
    Scope::of(user, order.buyer_id, order.items.iter().map(|item| item.producer_id))
}

fn refused(error: &TimeTravelError) -> Problem {
    let not_found = |code| Problem::new(StatusCode::NOT_FOUND, code, error.to_string());
    match *error {
        TimeTravelError::NotYetPlaced { .. } => not_found("order_not_yet_placed"),
        TimeTravelError::NoSuchVersion { latest } => {
            not_found("no_such_version").with("latest_version", latest)
        }
        TimeTravelError::Damaged(position) => {
            tracing::error!(position = position.0, "an order's history cannot be folded");
            Problem::internal()
        }
    }
}

impl GetParameters {
    fn moment(&self, now: DateTime<Utc>) -> Result<Option<Moment>, Problem> {
        match (&self.as_of, self.version) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(query::invalid("version", "cannot be together with as_of")),
            (None, Some(0)) => Err(query::invalid("version", "must be at least 1")),
            (None, Some(version)) => Ok(Some(Moment::Version(version))),
            (Some(text), None) => {
                let detail = "must be a time such as 2024-08-15T10:35:00Z";
                let time = time(text).ok_or_else(|| query::invalid("as_of", detail))?;
                if time > now {
                    return Err(query::invalid("as_of", "must not be in the future"));
                }
                Ok(Some(Moment::Time(time)))
            }
        }
    }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    // In a query string an unescaped `+` means a space: `…T10:35:00+02:00` arrives as `…T10:35:00 02:00`.
    let text = match text.rsplit_once(' ') {
        Some((time, offset)) if time.contains(['T', 't']) => format!("{time}+{offset}"),
        _ => text.to_owned(),
    };
    DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_time_is_read_with_any_offset_even_with_an_unescaped_plus() {
        let expected: DateTime<Utc> = "2024-08-15T08:35:00Z".parse().unwrap();
        for text in ["2024-08-15T08:35:00Z", "2024-08-15T10:35:00+02:00", "2024-08-15T10:35:00 02:00"] {
            assert_eq!(time(text), Some(expected), "{text}");
        }
        for bad in
            ["", "2024-08-15", "yesterday", "2024-08-15T10:35:00", "1723710900", "2024-13-15T10:35:00Z"]
        {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_moment_is_one_and_not_in_the_future() {
        let now: DateTime<Utc> = "2024-08-15T10:35:00Z".parse().unwrap();
        let moment = |as_of: Option<&str>, version| {
            GetParameters { as_of: as_of.map(str::to_owned), version }
                .moment(now)
                .map_err(|problem| problem.errors[0].parameter.clone().unwrap())
        };
        assert_eq!(moment(None, None), Ok(None));
        assert_eq!(moment(None, Some(3)), Ok(Some(Moment::Version(3))));
        assert_eq!(moment(Some("2024-08-15T10:35:00Z"), None), Ok(Some(Moment::Time(now))));
        assert_eq!(moment(Some("2024-08-15T10:35:01Z"), None), Err("as_of".to_owned()));
        assert_eq!(moment(Some("x"), None), Err("as_of".to_owned()));
        assert_eq!(moment(Some("2024-08-15T10:35:00Z"), Some(3)), Err("version".to_owned()));
        assert_eq!(moment(None, Some(0)), Err("version".to_owned()));
    }
}
