use agrodeep_commands::{
    ExecuteError,
    account::{GrantRoleRequest, RegisterRequest, grant_role, register},
    command_id,
    delivery::{
        AssignError, AssignRequest, CompleteRequest, DELIVER_ORDER, DeliveryError, FailRequest, PICK_UP,
        PickUpRequest, ReportPositionsRequest, assign, complete, fail, pick_up, report_positions,
    },
    order::{CancelRequest, cancel},
};
use agrodeep_domain::{
    AccountId, Aggregate, Delivery, DeliveryId, GeoPoint, Order, OrderId, Personal, Role,
    delivery::{DeliveryRefusal, DeliveryStatus},
    delivery_track::TrackPoint,
    order::{Canceller, OrderRefusal, OrderStatus},
};
use agrodeep_event_store::StreamId;
use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use crate::market::{Market, account, by_buyer, by_driver, by_system, driver};

impl Market {
    async fn account(&self, account_id: AccountId, role: Role) {
        let text = |text: &str| Personal::new(text.to_owned());
        let request = RegisterRequest {
            account_id,
            role,
            email: text("d@example.com"),
            first_name: text("Dominique"),
            last_name: text("Duval"),
            phone: None,
            company: None,
        };
        register(&self.commands, request, by_system()).await.unwrap();
    }

    /// An order whose delivery has a driver.
    async fn assigned(&self) -> (OrderId, DeliveryId) {
        let (order_id, delivery_id) = self.prepared_order().await;
        self.account(driver(), Role::Driver).await;
        let request = AssignRequest { delivery_id, driver_id: driver(), vehicle: None };
        assign(&self.commands, request, by_system()).await.unwrap();
        (order_id, delivery_id)
    }

    async fn statuses(&self, order_id: OrderId, delivery_id: DeliveryId) -> (OrderStatus, DeliveryStatus) {
        (
            self.state::<Order>(order_id.uuid()).await.status,
            self.state::<Delivery>(delivery_id.uuid()).await.status,
        )
    }
}

fn by_our_driver(delivery_id: DeliveryId) -> PickUpRequest {
    PickUpRequest { delivery_id, driver_id: driver() }
}

fn refused(refusal: DeliveryRefusal) -> DeliveryError {
    ExecuteError::Refused(refusal).into()
}

fn proof(delivery_id: DeliveryId) -> CompleteRequest {
    CompleteRequest {
        delivery_id,
        driver_id: driver(),
        signature: Personal::new("B. Durand".to_owned()),
        photo: Personal::new("https://images.example/door.jpg".to_owned()),
    }
}

fn points(delivery_id: DeliveryId, driver_id: AccountId, minutes: &[i64]) -> ReportPositionsRequest {
    let points = minutes.iter().map(|minutes| TrackPoint {
        at: GeoPoint::new(45.76, 4.83).unwrap(),
        accuracy_metres: 5.0,
        timestamp: Utc::now() + TimeDelta::minutes(*minutes),
    });
    ReportPositionsRequest { delivery_id, driver_id, points: Personal::new(points.collect()) }
}

#[tokio::test]
async fn only_a_driver_gets_a_delivery() {
    let market = Market::open().await;
    let (_, delivery_id) = market.prepared_order().await;
    let request = |driver_id| AssignRequest { delivery_id, driver_id, vehicle: None };
    market.account(account(50), Role::Producer).await;
    for nobody in [account(50), account(51)] {
        let refused = assign(&market.commands, request(nobody), by_system()).await.unwrap_err();
        assert_eq!(refused, AssignError::NoDriver);
    }
    let granted = GrantRoleRequest { account_id: account(50), role: Role::Driver };
    grant_role(&market.commands, granted, by_system()).await.unwrap();
    assign(&market.commands, request(account(50)), by_system()).await.unwrap();
}

#[tokio::test]
async fn picking_up_ships_the_order_and_delivering_delivers_it() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.assigned().await;
    let (taking, bringing) = (by_driver(), by_driver());
    for repeated in [false, true] {
        let picked_up = pick_up(&market.commands, by_our_driver(delivery_id), taking.clone()).await.unwrap();
        assert_eq!((picked_up.order.repeated, picked_up.delivery.repeated), (repeated, repeated));
        assert!(picked_up.delivery.position > picked_up.order.position);
    }
    let shipped = (OrderStatus::Shipped, DeliveryStatus::PickedUp);
    assert_eq!(market.statuses(order_id, delivery_id).await, shipped);
    for repeated in [false, true] {
        let completed = complete(&market.commands, proof(delivery_id), bringing.clone()).await.unwrap();
        assert_eq!((completed.order.repeated, completed.delivery.repeated), (repeated, repeated));
    }
    let delivered = (OrderStatus::Delivered, DeliveryStatus::Delivered);
    assert_eq!(market.statuses(order_id, delivery_id).await, delivered);

    // Whoever sees only the first half of each can do the second half as the same command.
    let log = market.commands.executor.log();
    let delivery = StreamId::new(Delivery::TYPE, delivery_id.uuid());
    let order = StreamId::new(Order::TYPE, order_id.uuid());
    for (first, name, stream) in [(taking, PICK_UP, delivery), (bringing, DELIVER_ORDER, order)] {
        let second = command_id::derived(first.command_id, name);
        assert_eq!(log.find_command(&stream, second).await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_cancelled_order_is_not_picked_up() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.assigned().await;
    let cancelled = CancelRequest { order_id, by: Canceller::Admin, note: None };
    cancel(&market.commands, cancelled, by_buyer()).await.unwrap();
    let late = pick_up(&market.commands, by_our_driver(delivery_id), by_driver()).await.unwrap_err();
    assert_eq!(late, ExecuteError::Refused(OrderRefusal::AlreadyCancelled).into());
    assert_eq!(market.statuses(order_id, delivery_id).await.1, DeliveryStatus::Assigned);
}

#[tokio::test]
async fn a_delivery_is_its_drivers() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.assigned().await;
    let stranger = PickUpRequest { delivery_id, driver_id: account(99) };
    let taken = pick_up(&market.commands, stranger, by_driver()).await.unwrap_err();
    assert_eq!(taken, refused(DeliveryRefusal::NotYours));
    let nowhere = by_our_driver(DeliveryId::from_uuid(Uuid::from_u128(404)));
    let taken = pick_up(&market.commands, nowhere, by_driver()).await.unwrap_err();
    assert_eq!(taken, refused(DeliveryRefusal::NoSuchDelivery));
    let tracked =
        report_positions(&market.commands, points(delivery_id, account(99), &[0]), by_driver()).await;
    assert_eq!(tracked.unwrap_err(), refused(DeliveryRefusal::NotYours));
    assert_eq!(market.statuses(order_id, delivery_id).await.0, OrderStatus::Processing);
}

#[tokio::test]
async fn an_expected_version_is_the_deliverys_and_a_repeat_need_not_match_it() {
    let market = Market::open().await;
    let (_, delivery_id) = market.assigned().await;
    let mut context = by_driver();
    context.if_match = Some(1);
    let stale = pick_up(&market.commands, by_our_driver(delivery_id), context.clone()).await.unwrap_err();
    assert_eq!(stale, ExecuteError::<DeliveryRefusal>::VersionMismatch { actual: 2 }.into());
    context.if_match = Some(2);
    for repeated in [false, true] {
        let picked_up = pick_up(&market.commands, by_our_driver(delivery_id), context.clone()).await.unwrap();
        assert_eq!(picked_up.delivery.repeated, repeated);
    }
}

#[tokio::test]
async fn the_first_position_after_the_pick_up_starts_the_transit() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.assigned().await;
    let early = report_positions(&market.commands, points(delivery_id, driver(), &[0]), by_driver()).await;
    assert_eq!(early.unwrap_err(), refused(DeliveryRefusal::NotPickedUp));

    pick_up(&market.commands, by_our_driver(delivery_id), by_driver()).await.unwrap();
    let report = points(delivery_id, driver(), &[2, 1]);
    let first = report_positions(&market.commands, report.clone(), by_driver()).await.unwrap();
    assert!(first.transit_started);
    assert_eq!(first.track.events.len(), 1);
    assert_eq!(market.statuses(order_id, delivery_id).await.1, DeliveryStatus::InTransit);
    let again = report_positions(&market.commands, report, by_driver()).await.unwrap();
    assert!(!again.transit_started);
    assert!(again.track.events.is_empty(), "points that are known are left out");

    complete(&market.commands, proof(delivery_id), by_driver()).await.unwrap();
    let offline = report_positions(&market.commands, points(delivery_id, driver(), &[3]), by_driver()).await;
    assert_eq!(offline.unwrap().track.events.len(), 1);
}

#[tokio::test]
async fn a_delivery_fails_on_the_way() {
    let market = Market::open().await;
    let (order_id, delivery_id) = market.assigned().await;
    let request =
        FailRequest { delivery_id, driver_id: driver(), reason: Personal::new("nobody at home".to_owned()) };
    let early = fail(&market.commands, request.clone(), by_driver()).await.unwrap_err();
    assert_eq!(early, ExecuteError::Refused(DeliveryRefusal::NotPickedUp));
    pick_up(&market.commands, by_our_driver(delivery_id), by_driver()).await.unwrap();
    fail(&market.commands, request, by_driver()).await.unwrap();
    let failed = (OrderStatus::Shipped, DeliveryStatus::Failed);
    assert_eq!(market.statuses(order_id, delivery_id).await, failed);
}
