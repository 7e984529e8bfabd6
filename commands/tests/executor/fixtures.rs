//! What is on offer here.

use agrodeep_commands::CommandContext;
use agrodeep_domain::{
    AccountId, Actor, Currency, Language, LocalizedText, Money, ProductId, Quantity,
    product::{CreateProduct, ProductDetails},
};
use chrono::Utc;
use uuid::Uuid;

pub fn context() -> CommandContext {
    CommandContext::new(Actor::system("test"), Utc::now())
}

pub fn producer() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

pub fn tomatoes(product_id: Uuid, stock: i64) -> CreateProduct {
    let name = [(Language::En, "Tomatoes".to_owned())].into();
    CreateProduct {
        product_id: ProductId::from_uuid(product_id),
        producer_id: producer(),
        details: ProductDetails {
            name: LocalizedText::parse(name, 100).unwrap(),
            description: None,
            category_id: "cat_vegetables".parse().unwrap(),
            unit: "kg".parse().unwrap(),
            images: vec![],
            tags: vec![],
            is_organic: true,
            is_fair_trade: false,
            qr_code_data: None,
        },
        price: Money::from_hundredths(450, Currency::EUR).unwrap(),
        stock: Quantity::whole(stock).unwrap(),
    }
}
