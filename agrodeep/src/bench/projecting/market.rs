//! A long log of a market in a short time: orders that are placed, paid, prepared and delivered, many side by side.

use agrodeep_domain::{
    AccountId, Address, Aggregate, Currency, DeliveryId, DomainEvent, Language, LocalizedText, Money, Order,
    OrderId, OrderNumber, Personal, Product, ProductId, Quantity, TrackingNumber,
    order::{
        Conductor, LinesPrepared, OrderConfirmed, OrderDelivered, OrderEvent, OrderLine, OrderPlaced,
        OrderShipped, PaymentCaptured, PaymentRequested,
    },
    product::{HoldCommitted, ProductCreated, ProductDetails, ProductEvent, StockHeld},
};
use agrodeep_event_store::Metadata;
use anyhow::{Context, Result};
use chrono::{NaiveDate, Utc};
use indicatif::ProgressBar;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// How many products are ordered, each order two of them.
const PRODUCTS: usize = 1_000;
/// How many orders go their way side by side.
const SIDE_BY_SIDE: usize = 64;
/// How many events one statement writes.
const CHUNK: usize = 10_000;

/// An event that is yet to be written.
struct Row {
    aggregate_type: &'static str,
    aggregate_id: Uuid,
    sequence: i64,
    event_type: &'static str,
    event_version: &'static str,
    payload: String,
}

struct Offered {
    id: ProductId,
    producer: AccountId,
    version: i64,
}

/// What everything here costs, and how much of it is ordered.
struct Terms {
    price: Money,
    quantity: Quantity,
    name: LocalizedText,
    day: NaiveDate,
}

/// Writes at least `events` events into the empty log at `url`: whole orders. How many.
pub async fn fill(url: &str, events: u64) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    let terms = Terms {
        price: Money::from_hundredths(250, Currency::EUR).context("a price")?,
        quantity: Quantity::from_thousandths(1_000).context("a quantity")?,
        name: LocalizedText::parse(
            [(Language::Fr, "Tomates anciennes".to_owned())].into_iter().collect(),
            100,
        )?,
        day: NaiveDate::from_ymd_opt(2024, 8, 15).context("a day")?,
    };
    let mut writer = Writer { written: 0, rows: Vec::new(), metadata: metadata()? };
    let mut products = Vec::with_capacity(PRODUCTS);
    for _ in 0..PRODUCTS {
        let mut product =
            Offered { id: ProductId::from_uuid(Uuid::now_v7()), producer: somebody(), version: 0 };
        let created = created(&terms, product.id, product.producer)?;
        writer.product(&mut product, &created.into())?;
        products.push(product);
    }
    let progress = ProgressBar::new(events);
    let mut next = 0;
    while writer.written + (writer.rows.len() as u64) < events {
        let mut steps: Vec<_> = (0..SIDE_BY_SIDE)
            .map(|place| Story::new(&terms, &products, next + place))
            .collect::<Result<_>>()?;
        next += SIDE_BY_SIDE;
        for step in 0..Story::STEPS {
            for story in &mut steps {
                story.step(step, &mut products, &mut writer)?;
            }
        }
        if writer.rows.len() >= CHUNK {
            writer.flush(&mut connection).await?;
            progress.set_position(writer.written);
        }
    }
    writer.flush(&mut connection).await?;
    sqlx::query("update log_head set position = $1")
        .bind(writer.written as i64)
        .execute(&mut connection)
        .await?;
    // What autovacuum would have done on the way.
    for statement in ["vacuum (analyze) events", "vacuum log_head", "checkpoint"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    progress.finish_and_clear();
    Ok(writer.written)
}

fn somebody() -> AccountId {
    AccountId::from_uuid(Uuid::now_v7())
}

fn created(terms: &Terms, product_id: ProductId, producer_id: AccountId) -> Result<ProductCreated> {
    Ok(ProductCreated {
        product_id,
        producer_id,
        details: ProductDetails {
            name: terms.name.clone(),
            description: None,
            category_id: "cat_vegetables".parse().context("a category")?,
            unit: "kg".parse().context("a unit")?,
            images: vec![],
            tags: vec!["bio".to_owned()],
            is_organic: true,
            is_fair_trade: false,
            qr_code_data: None,
        },
        price: terms.price,
        stock: Quantity::from_thousandths(1_000_000_000).context("a stock")?,
    })
}

fn metadata() -> Result<String> {
    let cause = Uuid::now_v7();
    Ok(serde_json::to_string(&Metadata {
        actor: "system:bench".to_owned(),
        correlation_id: cause,
        causation_id: cause,
        traceparent: None,
        occurred_at: Utc::now(),
        other: std::collections::BTreeMap::new(),
    })?)
}

/// An order on its way.
struct Story {
    placed: OrderPlaced,
    delivery_id: DeliveryId,
    products: [usize; 2],
    version: i64,
}

impl Story {
    /// How many steps it takes; with both holds and both commitments, that many and two events.
    const STEPS: usize = 9;

    fn new(terms: &Terms, products: &[Offered], number: usize) -> Result<Self> {
        // Two different ones, and all of them in turn.
        let first = number % PRODUCTS;
        let chosen = [first, (first + 1 + number / PRODUCTS % (PRODUCTS - 1)) % PRODUCTS];
        let line = |index: usize| {
            anyhow::Ok(OrderLine {
                product_id: products[index].id,
                producer_id: products[index].producer,
                name: terms.name.clone(),
                quantity: terms.quantity,
                unit: "kg".parse().context("a unit")?,
                unit_price: terms.price,
                total: terms.price,
                notes: None,
            })
        };
        let placed = OrderPlaced {
            order_id: OrderId::from_uuid(Uuid::now_v7()),
            number: OrderNumber::new(terms.day, 1),
            buyer_id: somebody(),
            lines: vec![line(chosen[0])?, line(chosen[1])?],
            total: Money::from_hundredths(500, Currency::EUR).context("a total")?,
            shipping_address: Personal::new(Address {
                street: "1 rue des Lilas".to_owned(),
                city: "Lyon".to_owned(),
                zip_code: "69001".to_owned(),
                country: "FR".to_owned(),
                location: None,
            }),
            billing_address: None,
            preferred_delivery_date: Some(terms.day),
            notes: None,
            expires_at: Utc::now(),
            conductor: Conductor::ProcessManager,
        };
        Ok(Self { placed, delivery_id: DeliveryId::from_uuid(Uuid::now_v7()), products: chosen, version: 0 })
    }

    fn step(&mut self, step: usize, products: &mut [Offered], writer: &mut Writer) -> Result<()> {
        let (order_id, quantity) = (self.placed.order_id, self.placed.lines[0].quantity);
        let (delivery_id, amount) = (self.delivery_id, self.placed.total);
        let event: OrderEvent = match step {
            0 => self.placed.clone().into(),
            1 => {
                let held = StockHeld { order_id, quantity, expires_at: self.placed.expires_at };
                return self.of_products(products, writer, &held.into());
            }
            2 => PaymentRequested { intent_id: "pi_bench".to_owned(), amount }.into(),
            3 => PaymentCaptured {
                intent_id: "pi_bench".to_owned(),
                amount,
                provider_event_id: "evt_bench".to_owned(),
            }
            .into(),
            4 => {
                OrderConfirmed { delivery_id, tracking_number: TrackingNumber::new(NaiveDate::default(), 1) }
                    .into()
            }
            5 => {
                let producer_id = self.placed.lines[0].producer_id;
                LinesPrepared { producer_id, ready_for_pickup: false }.into()
            }
            6 => OrderShipped { delivery_id }.into(),
            7 => return self.of_products(products, writer, &HoldCommitted { order_id, quantity }.into()),
            _ => OrderDelivered { delivery_id }.into(),
        };
        self.version += 1;
        writer.push(Order::TYPE, order_id.uuid(), self.version, &event)
    }

    fn of_products(&self, products: &mut [Offered], writer: &mut Writer, event: &ProductEvent) -> Result<()> {
        self.products.iter().try_for_each(|index| writer.product(&mut products[*index], event))
    }
}

struct Writer {
    written: u64,
    rows: Vec<Row>,
    metadata: String,
}

impl Writer {
    fn product(&mut self, product: &mut Offered, event: &ProductEvent) -> Result<()> {
        product.version += 1;
        self.push(Product::TYPE, product.id.uuid(), product.version, event)
    }

    fn push<E: DomainEvent + serde::Serialize>(
        &mut self,
        aggregate_type: &'static str,
        aggregate_id: Uuid,
        sequence: i64,
        event: &E,
    ) -> Result<()> {
        self.rows.push(Row {
            aggregate_type,
            aggregate_id,
            sequence,
            event_type: event.name(),
            event_version: event.version(),
            payload: serde_json::to_string(event)?,
        });
        Ok(())
    }

    async fn flush(&mut self, connection: &mut PgConnection) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let ids: Vec<Uuid> = rows.iter().map(|_| Uuid::now_v7()).collect();
        sqlx::query(
            "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                                 position, event_id, command_id, recorded_at)
             select kind, stream, number, name, version, payload::json, $7::json, $8 + place, id, id, now()
             from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $9::uuid[])
                 with ordinality as row (kind, stream, number, name, version, payload, id, place)
             order by place",
        )
        .bind(rows.iter().map(|row| row.aggregate_type).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.aggregate_id.to_string()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.sequence).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.event_type).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.event_version).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.payload.as_str()).collect::<Vec<_>>())
        .bind(&self.metadata)
        .bind(self.written as i64)
        .bind(&ids)
        .execute(connection)
        .await
        .context("filling the log")?;
        self.written += rows.len() as u64;
        Ok(())
    }
}
