//! Many orders in a log, in little time: imported ones, which nobody conducts.

use agrodeep_domain::{
    AccountId, Address, Currency, DeliveryId, DomainEvent, Language, LocalizedText, Money, OrderId,
    OrderNumber, ProductId, Quantity,
    order::{Conductor, LinesPrepared, OrderDelivered, OrderEvent, OrderLine, OrderPlaced, OrderShipped},
};
use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, Metadata, NewEvent, StreamId,
    postgres::{LogLimits, PostgresLog},
};
use chrono::{NaiveDate, Utc};
use serde_json::value::RawValue;
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// Side by side, so that a batch is worth its commit.
const WRITERS: usize = 32;

/// Appends `orders` orders, each of four events, to the log at `url`, and waits until the read models have them.
///
/// # Panics
/// When the log refuses one.
pub async fn fill(url: &str, orders: usize) {
    let log = Arc::new(PostgresLog::open(url, LogLimits::default()).await.expect("the log"));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for _ in (writer..orders).step_by(WRITERS) {
                    let outcome = log.append(delivered_order()).await.expect("the log");
                    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    let head = log.head().await.expect("the log's head").0;
    let pool = PgPool::connect(url).await.expect("the database");
    loop {
        let behind: i64 =
            sqlx::query_scalar("select count(*) from read_models.checkpoints where position < $1")
                .bind(head)
                .fetch_one(&pool)
                .await
                .expect("the checkpoints");
        if behind == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    pool.close().await;
}

fn delivered_order() -> Append {
    let order_id = OrderId::from_uuid(Uuid::now_v7());
    let (producer_id, delivery_id) =
        (AccountId::from_uuid(Uuid::now_v7()), DeliveryId::from_uuid(Uuid::now_v7()));
    let price = Money::from_hundredths(250, Currency::EUR).expect("a price");
    let day = NaiveDate::from_ymd_opt(2024, 8, 15).expect("a day");
    let name = LocalizedText::parse([(Language::Fr, "Tomates".to_owned())].into_iter().collect(), 100);
    let placed = OrderPlaced {
        order_id,
        number: OrderNumber::new(day, 1),
        buyer_id: AccountId::from_uuid(Uuid::now_v7()),
        lines: vec![OrderLine {
            product_id: ProductId::from_uuid(Uuid::now_v7()),
            producer_id,
            name: name.expect("a name"),
            quantity: Quantity::from_thousandths(1000).expect("a quantity"),
            unit: "kg".parse().expect("a unit"),
            unit_price: price,
            total: price,
            notes: None,
        }],
        total: price,
        shipping_address: Address {
            street: "1 rue des Lilas".to_owned(),
            city: "Lyon".to_owned(),
            zip_code: "69001".to_owned(),
            country: "FR".to_owned(),
            location: None,
        }
        .into(),
        billing_address: None,
        preferred_delivery_date: None,
        notes: None,
        expires_at: Utc::now(),
        conductor: Conductor::Import,
    };
    let events: [OrderEvent; 4] = [
        placed.into(),
        LinesPrepared { producer_id, ready_for_pickup: true }.into(),
        OrderShipped { delivery_id }.into(),
        OrderDelivered { delivery_id }.into(),
    ];
    let command_id = Uuid::now_v7();
    Append {
        stream: StreamId::new("order", order_id.uuid()),
        expected_version: 0,
        command_id,
        events: events.iter().map(new_event).collect(),
        metadata: Metadata {
            actor: "system:import".to_owned(),
            correlation_id: command_id,
            causation_id: command_id,
            traceparent: None,
            occurred_at: Utc::now(),
            other: std::collections::BTreeMap::new(),
        },
    }
}

fn new_event(event: &OrderEvent) -> NewEvent {
    let payload = serde_json::to_string(event).expect("JSON");
    NewEvent {
        event_type: event.name().into(),
        event_version: event.version().into(),
        payload: RawValue::from_string(payload).expect("JSON"),
    }
}
