//! `POST /v1/products`: offer a new product.

use agrodeep_commands::{
    Commands,
    product::{self, CreateRequest},
};
use agrodeep_domain::{Aggregate, Product};
use agrodeep_http::{ExactDecimal, Invalid, Problem, StrictJson};
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

/// What is offered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProductBody {
    /// Its name by language: `fr`, `en`, at least one.
    #[schema(example = json!({"fr": "Tomates Bio Marmande", "en": "Organic Marmande Tomatoes"}))]
    name: Texts,
    /// Its description by language.
    #[schema(example = json!({"fr": "Tomates rouges juteuses", "en": "Juicy red tomatoes"}))]
    description: Option<Texts>,
    /// Its category.
    #[schema(example = "cat_vegetables")]
    category_id: String,
    /// What one unit costs: more than zero, at most two decimal places.
    #[schema(example = 4.50)]
    price: ExactDecimal,
    /// An ISO 4217 code.
    #[schema(example = "EUR")]
    currency: String,
    /// What one of it is.
    #[schema(example = "kg")]
    unit: String,
    /// How much is on hand: at most three decimal places.
    #[schema(example = 150)]
    stock_quantity: ExactDecimal,
    /// Addresses of pictures: references only, never fetched.
    images: Option<Vec<String>>,
    /// Words to find it by.
    #[schema(example = json!(["bio", "local"]))]
    tags: Option<Vec<String>>,
    /// Grown organically.
    is_organic: Option<bool>,
    /// Traded fairly.
    is_fair_trade: Option<bool>,
    /// The traced lot; unique among all products.
    #[schema(example = "LOT-2024-08-FERMIER123-TOMATE")]
    qr_code_data: Option<String>,
}

/// Offer a new product.
#[utoipa::path(
    post, path = "/v1/products", tag = "products", security(("bearer" = [])),
    params(CommandHeaders),
    request_body = CreateProductBody,
    responses((status = 201, description = "It is offered", body = ProductView), CommandProblems)
)]
pub async fn create(
    State(commands): State<Commands>,
    State(urls): State<PublicUrls>,
    caller: Caller<Producers>,
    StrictJson { value: body, raw }: StrictJson<CreateProductBody>,
) -> Result<Response, Problem> {
    let producer_id = caller.signed_in.account_id;
    let request = parse(body, producer_id)?;
    caller
        .run(&raw, move |context| async move {
            let created = product::create(&commands, request, context).await;
            let (id, executed) = created.map_err(problems::product_change)?;
            let product = Product::fold(&executed.events);
            let view =
                views::product(&commands, &urls, id, product).await.map_err(|e| problems::store(&e))?;
            Ok(Answer::json(StatusCode::CREATED, &view)?
                .executed(&executed)
                .location(&format!("/v1/products/{id}")))
        })
        .await
}

fn parse(body: CreateProductBody, producer_id: agrodeep_domain::AccountId) -> Result<CreateRequest, Problem> {
    let mut invalid = Invalid::new();
    let details = DetailsBody {
        name: Some(body.name),
        description: body.description,
        category_id: Some(body.category_id),
        unit: Some(body.unit),
        images: body.images,
        tags: body.tags,
        is_organic: body.is_organic,
        is_fair_trade: body.is_fair_trade,
        qr_code_data: body.qr_code_data,
    }
    .parse(None, &mut invalid);
    let currency = input::currency("/currency", &body.currency, &mut invalid);
    let price = currency.and_then(|currency| invalid.check("/price", body.price.money(currency)));
    if price.is_some_and(|price| price.is_zero()) {
        invalid.at("/price", "must be more than zero");
    }
    let stock = input::quantity("/stock_quantity", body.stock_quantity, &mut invalid);
    let request = (|| Some(CreateRequest { producer_id, details: details?, price: price?, stock: stock? }))();
    invalid.finish(request)
}
