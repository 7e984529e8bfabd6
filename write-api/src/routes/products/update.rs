//! `PUT /v1/products/{id}`: say anew what a product is, what it costs or how much there is of it.

use agrodeep_commands::{
    CommandContext, Commands, ExecuteError, Versioned,
    product::{self, ProductError, UpdateRequest, Updated},
};
use agrodeep_domain::{AccountId, Currency, Product, ProductId, Quantity, product::ProductRefusal};
use agrodeep_http::{ExactDecimal, Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Producers},
    input::{self, DetailsBody, Texts},
    problems,
    routes::CommandProblems,
    state::PublicUrls,
    views::{self, ProductView},
};

/// How often the changed parts are put into a product that others change at the same moment.
const ATTEMPTS_MAX: usize = 8;

/// What changes; at least one. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProductBody {
    /// Its name by language: `fr`, `en`, at least one.
    name: Option<Texts>,
    /// Its description by language.
    description: Option<Texts>,
    /// Its category.
    category_id: Option<String>,
    /// What one unit costs: more than zero, at most two decimal places. Orders placed before keep theirs.
    #[schema(example = 4.80)]
    price: Option<ExactDecimal>,
    /// An ISO 4217 code: that of the product, which never changes.
    currency: Option<String>,
    /// What one of it is.
    unit: Option<String>,
    /// How much is on hand, held or not: not less than what is held for orders.
    #[schema(example = 120)]
    stock_quantity: Option<ExactDecimal>,
    /// Addresses of pictures.
    images: Option<Vec<String>>,
    /// Words to find it by.
    tags: Option<Vec<String>>,
    /// Grown organically.
    is_organic: Option<bool>,
    /// Traded fairly.
    is_fair_trade: Option<bool>,
    /// The traced lot; unique among all products.
    qr_code_data: Option<String>,
}

/// What changes, as far as it can be judged without the product.
struct Changes {
    product_id: ProductId,
    producer_id: AccountId,
    details: DetailsBody,
    price: Option<ExactDecimal>,
    currency: Option<Currency>,
    on_hand: Option<Quantity>,
}

/// Change a product: all of what is sent, or nothing.
#[utoipa::path(
    put, path = "/v1/products/{id}", tag = "products", security(("bearer" = [])),
    params(("id" = String, Path, description = "The product"), CommandHeaders),
    request_body = UpdateProductBody,
    responses((status = 200, description = "The product as it is now", body = ProductView), CommandProblems)
)]
pub async fn update(
    State(commands): State<Commands>,
    State(urls): State<PublicUrls>,
    caller: Caller<Producers>,
    PathId(product_id): PathId<ProductId>,
    StrictJson { value: body, raw }: StrictJson<UpdateProductBody>,
) -> Result<Response, Problem> {
    let changes = parse(body, product_id, caller.signed_in.account_id)?;
    caller
        .run(&raw, move |context| async move {
            let Updated { product, executed } = change(&commands, &changes, context).await?;
            let view = views::product(&commands, &urls, product_id, product).await;
            Ok(Answer::json(StatusCode::OK, &view.map_err(|e| problems::store(&e))?)?.executed(&executed))
        })
        .await
}

fn parse(body: UpdateProductBody, product_id: ProductId, producer_id: AccountId) -> Result<Changes, Problem> {
    let mut invalid = Invalid::new();
    let details = DetailsBody {
        name: body.name,
        description: body.description,
        category_id: body.category_id,
        unit: body.unit,
        images: body.images,
        tags: body.tags,
        is_organic: body.is_organic,
        is_fair_trade: body.is_fair_trade,
        qr_code_data: body.qr_code_data,
    };
    // The parts are judged now; they are put together when the product is known.
    let _ = details.parse(None, &mut invalid);
    let currency = body.currency.as_deref().and_then(|text| input::currency("/currency", text, &mut invalid));
    if let Some(price) = body.price {
        let price = invalid.check("/price", price.money(currency.unwrap_or(Currency::EUR)));
        if price.is_some_and(|price| price.is_zero()) {
            invalid.at("/price", "must be more than zero");
        }
    }
    let on_hand =
        body.stock_quantity.and_then(|number| input::quantity("/stock_quantity", number, &mut invalid));
    if details.is_empty() && body.price.is_none() && body.currency.is_none() && body.stock_quantity.is_none()
    {
        invalid.at("", "must have at least one field that changes");
    }
    invalid.finish(Some(Changes { product_id, producer_id, details, price: body.price, currency, on_hand }))
}

/// Puts the changed parts into the product as it is, and changes it if it still is so.
async fn change(commands: &Commands, changes: &Changes, context: CommandContext) -> Result<Updated, Problem> {
    for _ in 0..ATTEMPTS_MAX {
        let product = commands.executor.state::<Product>(changes.product_id.uuid()).await;
        let Versioned { state, version, .. } = product.map_err(problems::product)?;
        let request = request(changes, &state)?;
        // Parts of the details are put into what they were at this version: at another one they are put in anew.
        let pinned = context.if_match.is_none() && request.details.is_some();
        let if_match = if pinned { Some(version) } else { context.if_match };
        let context = CommandContext { if_match, ..context.clone() };
        match product::update(commands, request, context).await {
            Err(ProductError::Execute(ExecuteError::VersionMismatch { .. })) if pinned => {}
            outcome => return outcome.map_err(problems::product_change),
        }
    }
    Err(problems::product(ExecuteError::Contended))
}

fn request(changes: &Changes, product: &Product) -> Result<UpdateRequest, Problem> {
    let offer = product
        .offer
        .as_ref()
        .filter(|offer| offer.producer_id == changes.producer_id)
        .ok_or_else(|| problems::product(ExecuteError::Refused(ProductRefusal::NoSuchProduct)))?;
    let mut invalid = Invalid::new();
    let currency = offer.price.currency();
    if changes.currency.is_some_and(|said| said != currency) {
        invalid.at("/currency", ProductRefusal::OtherCurrency(currency));
    }
    let price = changes.price.and_then(|price| invalid.check("/price", price.money(currency)));
    let details = if changes.details.is_empty() {
        None
    } else {
        changes.details.parse(Some(&offer.details), &mut invalid)
    };
    invalid.finish(Some(UpdateRequest {
        product_id: changes.product_id,
        producer_id: changes.producer_id,
        details,
        price,
        on_hand: changes.on_hand,
    }))
}
