//! Drivers who bring one order after the other, and devices that report where they are.

use std::time::{Duration, Instant};

use agrodeep_commands::{
    CommandContext, Commands,
    delivery::{CompleteRequest, PickUpRequest, ReportPositionsRequest, complete, pick_up, report_positions},
};
use agrodeep_domain::{
    AccountId, Actor, Address, Aggregate, Currency, Delivery, DeliveryId, GeoPoint, Language, LocalizedText,
    Money, Order, OrderId, OrderNumber, Personal, ProductId, Quantity, Role, TrackingNumber,
    delivery::{AssignDriver, ScheduleDelivery},
    delivery_track::TrackPoint,
    order::{CapturePayment, Conductor, ConfirmOrder, OrderLine, PlaceOrder, PrepareLines, RequestPayment},
};
use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bench::durations::Latencies;

/// How long a delivery is on the road.
pub const ON_THE_ROAD: Duration = Duration::from_millis(250);
/// How many points a device reports at once.
pub const POINTS: i64 = 50;
/// How often.
pub const REPORT_EVERY: Duration = Duration::from_millis(25);

/// Where devices report from while a delivery is on the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    None,
    Others,
    Own,
}

impl Devices {
    pub const ALL: [Self; 3] = [Self::None, Self::Others, Self::Own];

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "without positions",
            Self::Others => "with positions of other deliveries",
            Self::Own => "with positions of the same deliveries",
        }
    }
}

/// What a round gave.
pub struct Trips {
    pub pick_up: Latencies,
    pub deliver: Latencies,
    pub reports: Latencies,
    pub elapsed: Duration,
}

/// A delivery with its driver.
#[derive(Clone, Copy)]
pub struct Job {
    pub delivery_id: DeliveryId,
    pub driver_id: AccountId,
}

/// Brings orders.
#[derive(Clone)]
pub struct Fleet {
    pub commands: Commands,
}

impl Fleet {
    pub fn new(commands: Commands) -> Self {
        Self { commands }
    }

    /// Everybody drives for about so long.
    pub async fn round(&self, devices: Devices, drivers: usize, duration: Duration) -> anyhow::Result<Trips> {
        let since = Instant::now();
        let driving: Vec<JoinHandle<anyhow::Result<Trips>>> = (0..drivers)
            .map(|_| {
                let fleet = self.clone();
                tokio::spawn(async move { fleet.drive(devices, since + duration).await })
            })
            .collect();
        let mut all = nothing();
        for driver in driving {
            let trips = driver.await??;
            all.pick_up.merge(trips.pick_up);
            all.deliver.merge(trips.deliver);
            all.reports.merge(trips.reports);
        }
        all.elapsed = since.elapsed();
        Ok(all)
    }

    async fn drive(&self, devices: Devices, until: Instant) -> anyhow::Result<Trips> {
        let mut trips = nothing();
        let other = match devices {
            Devices::Others => Some(self.on_the_road().await?),
            Devices::None | Devices::Own => None,
        };
        let mut reported = 0;
        while Instant::now() < until {
            let job = self.assigned().await?;
            trips.pick_up.record(self.pick_up(job).await?);
            let stop = CancellationToken::new();
            let device = match devices {
                Devices::None => None,
                Devices::Own => Some(self.device(job, 0, stop.clone())),
                Devices::Others => other.map(|other| self.device(other, reported, stop.clone())),
            };
            tokio::time::sleep(ON_THE_ROAD).await;
            trips.deliver.record(self.deliver(job).await?);
            stop.cancel();
            if let Some(device) = device {
                let (latencies, next) = device.await??;
                trips.reports.merge(latencies);
                reported = next;
            }
        }
        Ok(trips)
    }

    /// Reports where it is until it is told to stop; how long each report took, and which one would have been the next.
    fn device(
        &self,
        job: Job,
        first: i64,
        stop: CancellationToken,
    ) -> JoinHandle<anyhow::Result<(Latencies, i64)>> {
        let fleet = self.clone();
        tokio::spawn(async move {
            let (mut latencies, mut next) = (Latencies::default(), first);
            while !stop.is_cancelled() {
                latencies.record(report(&fleet.commands, job, next, POINTS).await?);
                next += 1;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(REPORT_EVERY) => {}
                }
            }
            Ok((latencies, next))
        })
    }

    /// A delivery that has left.
    pub async fn on_the_road(&self) -> anyhow::Result<Job> {
        let job = self.assigned().await?;
        self.pick_up(job).await?;
        Ok(job)
    }

    async fn pick_up(&self, Job { delivery_id, driver_id }: Job) -> anyhow::Result<Duration> {
        let since = Instant::now();
        pick_up(&self.commands, PickUpRequest { delivery_id, driver_id }, by_driver(driver_id)).await?;
        Ok(since.elapsed())
    }

    async fn deliver(&self, Job { delivery_id, driver_id }: Job) -> anyhow::Result<Duration> {
        let request = CompleteRequest {
            delivery_id,
            driver_id,
            signature: Personal::new("J. Martin".to_owned()),
            photo: Personal::new("https://proofs.example/1.jpg".to_owned()),
        };
        let since = Instant::now();
        complete(&self.commands, request, by_driver(driver_id)).await?;
        Ok(since.elapsed())
    }

    /// An order that waits for its driver.
    async fn assigned(&self) -> anyhow::Result<Job> {
        let (order_id, delivery_id) =
            (OrderId::from_uuid(Uuid::now_v7()), DeliveryId::from_uuid(Uuid::now_v7()));
        let (driver_id, producer_id) = (somebody(), somebody());
        let order = order(order_id, producer_id)?;
        let (buyer_id, address) = (order.buyer_id, order.shipping_address.clone());
        let amount = order.lines.iter().map(|line| line.total).next().context("a line")?;
        let tracking_number = TrackingNumber::new(Utc::now().date_naive(), 1);
        let intent_id = "pi_bench".to_owned();
        self.tell::<Order>(order_id.uuid(), order).await?;
        self.tell::<Order>(order_id.uuid(), RequestPayment { intent_id: intent_id.clone() }).await?;
        let provider_event_id = "evt_bench".to_owned();
        self.tell::<Order>(order_id.uuid(), CapturePayment { intent_id, amount, provider_event_id }).await?;
        let schedule = ScheduleDelivery {
            delivery_id,
            tracking_number,
            order_id,
            buyer_id,
            address,
            window: None,
            attempt: 1,
        };
        self.tell::<Delivery>(delivery_id.uuid(), schedule).await?;
        self.tell::<Order>(order_id.uuid(), ConfirmOrder { delivery_id, tracking_number }).await?;
        self.tell::<Order>(order_id.uuid(), PrepareLines { producer_id }).await?;
        self.tell::<Delivery>(delivery_id.uuid(), AssignDriver { driver_id, vehicle: None }).await?;
        Ok(Job { delivery_id, driver_id })
    }

    async fn tell<A: Aggregate>(&self, id: Uuid, command: impl Into<A::Command>) -> anyhow::Result<()> {
        let context = CommandContext::new(Actor::system("bench"), Utc::now());
        self.commands.executor.execute::<A>(id, command, context).await?;
        Ok(())
    }
}

/// Sends the `number`-th report of a delivery, from 0: half of its points were in the one before, and the latest come first.
pub async fn report(commands: &Commands, job: Job, number: i64, points: i64) -> anyhow::Result<Duration> {
    let new = points / 2;
    let first = (number - 1).max(0) * new;
    let point = |second: i64| -> anyhow::Result<TrackPoint> {
        Ok(TrackPoint {
            at: GeoPoint::new(45.0 + (second % 9_000) as f64 / 10_000.0, 4.85)?,
            accuracy_metres: 8.5,
            timestamp: DateTime::UNIX_EPOCH + TimeDelta::seconds(1_723_700_000 + second),
        })
    };
    let latest_first = (first..first + points).rev().map(point).collect::<anyhow::Result<Vec<_>>>()?;
    let request = ReportPositionsRequest {
        delivery_id: job.delivery_id,
        driver_id: job.driver_id,
        points: Personal::new(latest_first),
    };
    let since = Instant::now();
    report_positions(commands, request, by_driver(job.driver_id)).await?;
    Ok(since.elapsed())
}

fn nothing() -> Trips {
    Trips {
        pick_up: Latencies::default(),
        deliver: Latencies::default(),
        reports: Latencies::default(),
        elapsed: Duration::ZERO,
    }
}

fn somebody() -> AccountId {
    AccountId::from_uuid(Uuid::now_v7())
}

fn by_driver(driver_id: AccountId) -> CommandContext {
    CommandContext::new(Actor::Account(driver_id, Role::Driver), Utc::now())
}

fn order(order_id: OrderId, producer_id: AccountId) -> anyhow::Result<PlaceOrder> {
    let price = Money::from_hundredths(250, Currency::EUR).context("a price")?;
    let name = LocalizedText::parse([(Language::Fr, "Tomates".to_owned())].into(), 100)?;
    let line = OrderLine {
        product_id: ProductId::from_uuid(Uuid::now_v7()),
        producer_id,
        name,
        quantity: Quantity::from_thousandths(1_000).context("a quantity")?,
        unit: "kg".parse().context("a unit")?,
        unit_price: price,
        total: price,
        notes: None,
    };
    Ok(PlaceOrder {
        order_id,
        number: OrderNumber::new(Utc::now().date_naive(), 1),
        buyer_id: somebody(),
        lines: vec![line],
        shipping_address: Address {
            street: "1 rue des Lilas".to_owned(),
            city: "Lyon".to_owned(),
            zip_code: "69001".to_owned(),
            country: "FR".to_owned(),
            location: None,
        },
        billing_address: None,
        preferred_delivery_date: None,
        agreed_delivery: None,
        notes: None,
        expires_at: Utc::now(),
        conductor: Conductor::ProcessManager,
    })
}
