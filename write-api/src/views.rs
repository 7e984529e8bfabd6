//! Resources as the write API shows them after a command: from the log itself, so that they are never behind.

use agrodeep_commands::{Commands, StoreError};
use agrodeep_domain::{Aggregate, LocalizedText, Product, ProductId, Role, account::AccountRegistered};
use agrodeep_event_store::StreamId;
use agrodeep_http::{ExactMoney, ExactQuantity};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::PublicUrls;

/// A product.
#[derive(Serialize, ToSchema)]
pub struct ProductView {
    /// Its id.
    #[schema(value_type = String, example = "prod_01h455vb4pex5vsknk084sn02q")]
    id: ProductId,
    /// Whose it is.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    producer_id: agrodeep_domain::AccountId,
    /// Its name by language.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    name: LocalizedText,
    /// Its description by language.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    description: Option<LocalizedText>,
    /// Its category.
    #[schema(example = "cat_vegetables")]
    category_id: String,
    /// What one unit costs.
    #[schema(example = 4.50)]
    price: ExactMoney,
    /// In which currency.
    #[schema(example = "EUR")]
    currency: String,
    /// What one of it is.
    #[schema(example = "kg")]
    unit: String,
    /// How much is on hand, held for orders or not.
    #[schema(example = 150)]
    stock_quantity: ExactQuantity,
    /// Addresses of pictures.
    images: Vec<String>,
    /// Words to find it by.
    tags: Vec<String>,
    /// Grown organically.
    is_organic: bool,
    /// Traded fairly.
    is_fair_trade: bool,
    /// The traced lot.
    qr_code_data: Option<String>,
    /// `active`, or `delisted` when it is offered no longer.
    #[schema(example = "active")]
    status: &'static str,
    /// When it was first offered.
    created_at: DateTime<Utc>,
    /// When anything of it, its stock included, last changed.
    updated_at: DateTime<Utc>,
    /// Where its QR code is.
    qr_code_url: String,
}

/// The product as it is now.
pub async fn product(
    commands: &Commands,
    urls: &PublicUrls,
    id: ProductId,
    product: Product,
) -> Result<ProductView, StoreError> {
    let missing = || StoreError::new("a product that was written is not in the log");
    let stream = StreamId::new(Product::TYPE, id.uuid());
    let events =
        commands.executor.log().load(&stream, 0).await.map_err(|e| StoreError::new(e.to_string()))?;
    let (first, last) = events.first().zip(events.last()).ok_or_else(missing)?;
    let offer = product.offer.ok_or_else(missing)?;
    let details = offer.details;
    Ok(ProductView {
        id,
        producer_id: offer.producer_id,
        name: details.name,
        description: details.description,
        category_id: details.category_id.as_str().to_owned(),
        price: ExactMoney(offer.price),
        currency: offer.price.currency().to_string(),
        unit: details.unit.to_string(),
        stock_quantity: ExactQuantity(product.on_hand),
        images: details.images,
        tags: details.tags,
        is_organic: details.is_organic,
        is_fair_trade: details.is_fair_trade,
        qr_code_data: details.qr_code_data,
        status: if product.delisted { "delisted" } else { "active" },
        created_at: first.metadata.occurred_at,
        updated_at: last.metadata.occurred_at,
        qr_code_url: format!("{}/v1/products/{id}/qrcode", urls.read),
    })
}

/// A user, for themselves.
#[derive(Serialize, ToSchema)]
pub struct UserView {
    /// Their id.
    #[schema(example = "usr_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// Where to write to.
    #[schema(example = "fermier@example.com")]
    email: String,
    /// What they may do.
    #[schema(example = "producer")]
    role: &'static str,
    /// Given name.
    #[schema(example = "Jean")]
    first_name: String,
    /// Family name.
    #[schema(example = "Dupont")]
    last_name: String,
    /// Where to call.
    #[schema(example = "+33 6 12 34 56 78")]
    phone: Option<String>,
    /// The farm or firm.
    #[schema(example = "Ferme du Coin")]
    company: Option<String>,
    /// Whether signing in takes a second factor.
    mfa_enabled: bool,
    /// Whether the address is known to be theirs.
    email_verified: bool,
}

/// The user as they are now.
pub fn user(role: Role, registered: &AccountRegistered) -> UserView {
    UserView {
        id: registered.account_id.to_string(),
        email: registered.email.reveal().clone(),
        role: role.as_str(),
        first_name: registered.first_name.reveal().clone(),
        last_name: registered.last_name.reveal().clone(),
        phone: registered.phone.as_ref().map(|phone| phone.reveal().clone()),
        company: registered.company.clone(),
        mfa_enabled: false,
        email_verified: false,
    }
}
