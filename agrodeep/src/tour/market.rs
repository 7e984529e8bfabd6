//! The product that this run of the tour sells.

use anyhow::{Context, Result};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    answer::{Answer, decimal},
    cast::Cast,
    narrator::Narrator,
};

/// What is sold.
pub struct Market {
    pub product_id: String,
    pub unit_price: Decimal,
}

/// Kilograms in stock at the start.
pub const STOCK: u32 = 20;

impl Market {
    /// The producer offers tomatoes, and the buyer finds them.
    pub async fn open(cast: &mut Cast, narrator: &mut Narrator) -> Result<Self> {
        // A word that no other run uses, so that the search finds this run's tomatoes among all others.
        let lot: String = uuid::Uuid::new_v4().simple().to_string().chars().skip(20).collect();
        narrator
            .step(format!("The producer offers {STOCK} kg of beefsteak tomatoes, lot {lot}, at 4.50 EUR/kg"));
        let (producer, buyer) = (cast.producer.clone(), cast.buyer.clone());
        let product = json!({
            "name": {
                "fr": format!("Tomates cœur de bœuf, lot {lot}"),
                "en": format!("Beefsteak tomatoes, lot {lot}"),
            },
            "description": {
                "fr": "Grosses tomates charnues, cueillies à maturité le matin même.",
                "en": "Large, meaty tomatoes, picked ripe this very morning.",
            },
            "category_id": "cat_vegetables",
            "price": 4.5,
            "currency": "EUR",
            "unit": "kg",
            "stock_quantity": STOCK,
            "tags": ["tomato", "tour"],
            "is_organic": true,
        });
        let created = cast.post(&producer, "/v1/products", product).await?.expect(201)?;
        let product_id = created.text("/id")?.to_owned();
        narrator.came_back(format!("201: {product_id}"));

        let query = format!("tomate coeur de boeuf {lot}");
        narrator.step(format!("The buyer looks for \"{query}\": singular, and without a single accent"));
        let path = format!("/v1/products/search?q={}&lang=fr", query.replace(' ', "+"));
        let found = cast.get(&buyer, &path).await?;
        let hit = found.list("/data")?.iter().find(|hit| hit["id"] == product_id.as_str());
        let hit = hit.with_context(|| format!("the search does not find {product_id}: {}", found.body))?;
        let unit_price = decimal(&hit["price"]).context("the product has no price")?;
        narrator.came_back(format!(
            "200: {} at {unit_price:.2} {} a {}, {} in stock",
            name_of(hit),
            hit["currency"].as_str().unwrap_or("?"),
            hit["unit"].as_str().unwrap_or("?"),
            hit["available_quantity"],
        ));
        Ok(Self { product_id, unit_price })
    }

    /// Checks how much can still be ordered.
    pub async fn check_stock(&self, cast: &Cast, kilograms: u32, narrator: &Narrator) -> Result<()> {
        let path = format!("/v1/products/{}", self.product_id);
        let wanted = format!("{kilograms} kg in stock");
        let as_wanted =
            |answer: &Answer| Ok(answer.decimal("/available_quantity")? == Decimal::from(kilograms));
        cast.get_until(&cast.buyer, &path, &wanted, as_wanted).await?;
        narrator.came_back(format!("{kilograms} kg of the tomatoes can be ordered now"));
        Ok(())
    }

    /// The producer takes the tomatoes off the market, so that the next run finds the catalogue as it was.
    pub async fn close(&self, cast: &mut Cast, narrator: &mut Narrator) -> Result<()> {
        narrator.step("The producer takes the tomatoes off the market");
        let producer = cast.producer.clone();
        let path = format!("/v1/products/{}", self.product_id);
        cast.delete(&producer, &path).await?.expect(204)?;
        narrator.came_back("204: delisted; its history stays");
        Ok(())
    }
}

fn name_of(product: &Value) -> &str {
    product["name"]["fr"].as_str().unwrap_or("?")
}
