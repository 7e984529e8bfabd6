//! What happens to a product that sells well.

use agrodeep_domain::{
    AccountId, Aggregate, Currency, DomainEvent, Language, LocalizedText, Money, OrderId, Product, ProductId,
    Quantity,
    product::{HoldReleased, ProductCreated, ProductDetails, ProductEvent, StockCounted, StockHeld},
};
use agrodeep_event_store::{Append, AppendOutcome, Metadata, NewEvent, SharedLog, StreamId};
use anyhow::ensure;
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// After so many events an order lets go of what it holds: an odd number, as holds and releases take turns.
const HELD_FOR: u64 = 39;

/// How many events are appended at once.
const CHUNK: u64 = 5_000;

/// Appends the events of versions `after + 1` to `until`.
pub async fn grow(log: &SharedLog, id: Uuid, after: u64, until: u64) -> anyhow::Result<()> {
    let mut version = after;
    while version < until {
        let last = (version + CHUNK).min(until);
        let events = (version + 1..=last).map(|number| new_event(&event(id, number)?));
        let command_id = Uuid::now_v7();
        let append = Append {
            stream: StreamId::new(Product::TYPE, id),
            expected_version: version,
            command_id,
            events: events.collect::<anyhow::Result<_>>()?,
            metadata: Metadata {
                actor: "system:bench".to_owned(),
                correlation_id: command_id,
                causation_id: command_id,
                traceparent: None,
                occurred_at: Utc::now(),
                other: std::collections::BTreeMap::new(),
            },
        };
        let outcome = log.append(append).await?;
        ensure!(matches!(outcome, AppendOutcome::Appended(_)), "not appended: {outcome:?}");
        version = last;
    }
    Ok(())
}

/// What autovacuum would have done on the way.
pub async fn settle(url: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in ["vacuum (analyze) events", "vacuum (analyze) snapshots", "checkpoint"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// The event of a version: the product is offered, then held and released in turn, and counted now and then.
fn event(id: Uuid, version: u64) -> anyhow::Result<ProductEvent> {
    let quantity = Quantity::whole(2)?;
    let order = |number: u64| OrderId::from_uuid(Uuid::from_u128(number.into()));
    Ok(match (version, version % 10) {
        (1, _) => offered(id)?.into(),
        (_, 4 | 5) => StockCounted { on_hand: Quantity::whole(1_000)? }.into(),
        (_, odd) if odd % 2 == 1 => {
            let expires_at = DateTime::<Utc>::UNIX_EPOCH;
            StockHeld { order_id: order(version), quantity, expires_at }.into()
        }
        (_, _) => HoldReleased { order_id: order(version.saturating_sub(HELD_FOR)), quantity }.into(),
    })
}

fn offered(id: Uuid) -> anyhow::Result<ProductCreated> {
    let name = [(Language::En, "Beefsteak tomatoes".to_owned())].into();
    Ok(ProductCreated {
        product_id: ProductId::from_uuid(id),
        producer_id: AccountId::from_uuid(Uuid::from_u128(1)),
        details: ProductDetails {
            name: LocalizedText::parse(name, 100)?,
            description: None,
            category_id: "cat_vegetables".parse()?,
            unit: "kg".parse()?,
            images: vec![],
            tags: vec!["organic".to_owned()],
            is_organic: true,
            is_fair_trade: false,
            qr_code_data: None,
        },
        price: Money::from_hundredths(450, Currency::EUR)?,
        stock: Quantity::whole(1_000)?,
    })
}

fn new_event(event: &ProductEvent) -> anyhow::Result<NewEvent> {
    Ok(NewEvent {
        event_type: event.name().into(),
        event_version: event.version().into(),
        payload: serde_json::value::to_raw_value(event)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_so_many_holds_are_open_however_long_the_stream_is() {
        for length in [1_000, 10_003] {
            let events: Vec<_> =
                (1..=length).map(|version| event(Uuid::nil(), version).expect("an event")).collect();
            let product = Product::fold(&events);
            assert!((15..=17).contains(&product.holds.len()), "{}", product.holds.len());
            assert_eq!(product.offer.map(|offer| offer.product_id.uuid()), Some(Uuid::nil()));
        }
    }
}
