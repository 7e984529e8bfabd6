//! Where the payment provider and the log differ.

use std::sync::Mutex;

use agrodeep_domain::OrderId;
use agrodeep_projections::{Page, Paged, ReadError};
use agrodeep_read_api::payments::{PaymentDifference, PaymentDifferences};
use async_trait::async_trait;
use serde_json::json;
use uuid::Uuid;

use crate::{people::ADMIN, world::World};

/// Knows what it is told.
#[derive(Default)]
pub struct Known(pub Mutex<Vec<PaymentDifference>>);

#[async_trait]
impl PaymentDifferences for Known {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["other_amount", "refund_failed"]
    }

    async fn differences(
        &self,
        kind: Option<&str>,
        page: Page,
    ) -> Result<Paged<PaymentDifference>, ReadError> {
        let known = self.0.lock().unwrap();
        let of_kind = known.iter().filter(|it| kind.is_none_or(|kind| it.kind == kind));
        let items: Vec<_> = of_kind.cloned().collect();
        let total = items.len() as u64;
        let from = usize::try_from(page.offset()).unwrap();
        Ok(Paged { items: items.into_iter().skip(from).take(page.limit as usize).collect(), total })
    }
}

fn difference(kind: &str, n: u128) -> PaymentDifference {
    PaymentDifference {
        kind: kind.to_owned(),
        reference: format!("pi_{n}"),
        order_id: (n > 1).then(|| OrderId::from_uuid(Uuid::from_u128(n))),
        expected: "13.50 EUR".to_owned(),
        found: "1.35 EUR".to_owned(),
        first_seen: "2024-08-15T10:30:00Z".parse().unwrap(),
        last_seen: "2024-08-15T11:30:00Z".parse().unwrap(),
        times: 3,
    }
}

#[tokio::test]
async fn an_admin_sees_where_provider_and_log_differ() {
    let world = World::without_projections().await;
    assert_eq!(world.get(ADMIN, "/v1/operations/payments").await.ok()["data"], json!([]));
    *world.differences.0.lock().unwrap() =
        vec![difference("other_amount", 2), difference("refund_failed", 3), difference("other_amount", 1)];

    let all = world.get(ADMIN, "/v1/operations/payments").await.ok();
    assert_eq!(all["meta"]["total"], 3);
    assert_eq!(
        all["data"][0],
        json!({
            "kind": "other_amount", "reference": "pi_2",
            "order_id": OrderId::from_uuid(Uuid::from_u128(2)).to_string(),
            "expected": "13.50 EUR", "found": "1.35 EUR",
            "first_seen": "2024-08-15T10:30:00Z", "last_seen": "2024-08-15T11:30:00Z", "times": 3,
        })
    );
    assert_eq!(all["data"][2]["order_id"], json!(null));

    let second = world.get(ADMIN, "/v1/operations/payments?kind=other_amount&limit=1&page=2").await;
    assert!(second.header("link").contains("rel=\"prev\""), "{}", second.header("link"));
    let second = second.ok();
    assert_eq!((&second["meta"]["total"], &second["data"][0]["reference"]), (&json!(2), &json!("pi_1")));
}

#[tokio::test]
async fn what_is_no_kind_is_named() {
    let world = World::without_projections().await;
    let problem = world.get(ADMIN, "/v1/operations/payments?kind=theft").await.problem(400);
    assert_eq!(problem["errors"][0]["parameter"], "kind");
    assert_eq!(problem["errors"][0]["detail"], "must be one of other_amount, refund_failed");
    world.get(ADMIN, "/v1/operations/payments?since=1").await.problem(400);
    world.get(ADMIN, "/v1/operations/payments?limit=101").await.problem(400);
}
