//! `POST /v1/orders`: order.

use std::collections::HashMap;

use agrodeep_commands::{
    Commands,
    order::{self, PlaceRequest, RequestedItem},
};
use agrodeep_domain::{
    AccountId, OrderId, Personal,
    order::{Conductor, LINES_MAX},
};
use agrodeep_http::{ExactDecimal, Invalid, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Buyers, Caller, CommandHeaders},
    input::{self, AddressBody},
    problems,
    routes::CommandProblems,
};

/// More of one product than any market sells at once. Whether there is as much is for the fulfilment to find out.
const UNITS_MAX: i64 = 1_000_000;

const NOTES_CHARS_MAX: usize = 1000;

/// What a buyer wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrderBody {
    /// 1 to 200 products, each once, all in one currency.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<ItemBody>,
    /// Where it goes.
    shipping_address: AddressBody,
    /// Who is billed, when not the same.
    billing_address: Option<AddressBody>,
    /// The day the buyer would like it.
    #[schema(example = "2024-08-17")]
    preferred_delivery_date: Option<NaiveDate>,
    /// What the buyer wishes for the whole order.
    #[schema(example = "Livrer avant 12h si possible", max_length = 1000)]
    notes: Option<String>,
}

/// One product that a buyer wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemBody {
    /// Which.
    #[schema(example = "prod_01h455vb4pex5vsknk084sn02q")]
    product_id: String,
    /// How much: more than zero, at most 1,000,000, at most three decimal places.
    #[schema(example = 2)]
    quantity: ExactDecimal,
    /// What the buyer wishes for it.
    #[schema(example = "Bien mûres s'il vous plaît", max_length = 1000)]
    notes: Option<String>,
}

/// An order that was placed.
#[derive(Serialize, ToSchema)]
pub struct PlacedView {
    /// Its id.
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    order_id: OrderId,
    /// Its number.
    #[schema(example = "ORD-2024-08-15-0001")]
    order_number: String,
    /// Always `pending`: its stock is being held.
    #[schema(example = "pending")]
    status: &'static str,
    /// What it costs.
    #[schema(example = "13.50 EUR")]
    estimated_total: String,
    /// What the buyer does next.
    next_steps: [NextStep; 1],
    /// Until when stock is held without payment.
    expires_at: DateTime<Utc>,
}

/// What the buyer does next.
#[derive(Serialize, ToSchema)]
pub struct NextStep {
    /// What.
    #[schema(example = "payment_required")]
    action: &'static str,
    /// Where.
    #[schema(example = "/v1/payments/intent")]
    url: &'static str,
}

/// Place an order. Needs an `Idempotency-Key`. Stock is held for 30 minutes; when it cannot be, the order is cancelled.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders", security(("bearer" = [])),
    params(CommandHeaders),
    request_body = PlaceOrderBody,
    responses(
        (status = 202, description = "It is placed; its stock is being held", body = PlacedView,
         headers(("Location" = String, description = "The order, at the read API"))),
        CommandProblems
    )
)]
pub async fn place(
    State(commands): State<Commands>,
    caller: Caller<Buyers>,
    StrictJson { value: body, raw }: StrictJson<PlaceOrderBody>,
) -> Result<Response, Problem> {
    caller.require_key()?;
    let request = parse(&body, caller.signed_in.account_id)?;
    caller
        .run(&raw, move |context| async move {
            let placed = order::place(&commands, request, context).await.map_err(problems::place)?;
            let order = placed.order;
            let view = PlacedView {
                order_id: order.order_id,
                order_number: order.number.to_string(),
                status: "pending",
                estimated_total: order.total.to_string(),
                next_steps: [NextStep { action: "payment_required", url: "/v1/payments/intent" }],
                expires_at: order.expires_at,
            };
            Ok(Answer::json(StatusCode::ACCEPTED, &view)?
                .executed(&placed.executed)
                .location(&format!("/v1/orders/{}", order.order_id)))
        })
        .await
}

fn parse(body: &PlaceOrderBody, buyer_id: AccountId) -> Result<PlaceRequest, Problem> {
    let mut invalid = Invalid::new();
    let items = items(&body.items, &mut invalid);
    let shipping_address = body.shipping_address.parse("/shipping_address", &mut invalid);
    let billing_address =
        body.billing_address.as_ref().and_then(|address| address.parse("/billing_address", &mut invalid));
    if body.preferred_delivery_date.is_some_and(|day| !(2000..=2100).contains(&day.year())) {
        invalid.at("/preferred_delivery_date", "must be a day between 2000 and 2100");
    }
    let notes = invalid.optional_text("/notes", body.notes.as_deref(), NOTES_CHARS_MAX);
    let request = shipping_address.map(|shipping_address| PlaceRequest {
        buyer_id,
        items,
        shipping_address: Personal::new(shipping_address),
        billing_address: billing_address.map(Personal::new),
        preferred_delivery_date: body.preferred_delivery_date,
        notes: notes.map(Personal::new),
        conductor: Conductor::ProcessManager,
    });
    invalid.finish(request)
}

fn items(bodies: &[ItemBody], invalid: &mut Invalid) -> Vec<RequestedItem> {
    if bodies.is_empty() || bodies.len() > LINES_MAX {
        invalid.at("/items", format!("must have 1 to {LINES_MAX} items"));
        return vec![];
    }
    let mut seen = HashMap::new();
    let mut items = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.iter().enumerate() {
        let at = |field: &str| format!("/items/{index}/{field}");
        let product_id = input::id(&at("product_id"), &body.product_id, invalid);
        let quantity = input::quantity(&at("quantity"), body.quantity, invalid);
        match quantity {
            Some(quantity) if quantity.is_zero() => invalid.at(at("quantity"), "must be more than zero"),
            Some(quantity) if quantity.thousandths() > UNITS_MAX * 1000 => {
                invalid.at(at("quantity"), format!("must be at most {UNITS_MAX}"));
            }
            _ => {}
        }
        let notes = invalid.optional_text(&at("notes"), body.notes.as_deref(), NOTES_CHARS_MAX);
        let (Some(product_id), Some(quantity)) = (product_id, quantity) else { continue };
        if let Some(first) = seen.insert(product_id, index) {
            invalid.at(at("product_id"), format!("the product is in item {first} already"));
        }
        items.push(RequestedItem { product_id, quantity, notes: notes.map(Personal::new) });
    }
    items
}
