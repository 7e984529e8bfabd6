//! Who waits for an order is told by one reader of the live event stream.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use agrodeep_domain::OrderId;
use anyhow::Context;
use serde::Deserialize;
use tokio::sync::watch;

use super::buyer::Shop;

/// How far an order has come.
#[derive(Clone, Debug, Default)]
struct Standing {
    /// The delivery, once it is confirmed.
    delivery_id: Option<String>,
    delivered: bool,
}

type Followed = Arc<Mutex<HashMap<String, watch::Sender<Standing>>>>;

/// What is told of orders. Clones share it.
#[derive(Clone)]
pub struct News(Followed);

/// Somebody who waits for an order.
pub struct Waiting {
    followed: Followed,
    stream: String,
    standing: watch::Receiver<Standing>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.stream);
    }
}

/// An event, as far as it matters here.
#[derive(Deserialize)]
struct Event {
    stream: String,
    #[serde(rename = "type")]
    event_type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    delivery_id: String,
}

impl News {
    /// Follows the log from now on, until the answer ends.
    pub async fn follow(shop: &Shop) -> anyhow::Result<Self> {
        let path = format!("/v1/events?type=OrderConfirmed,OrderDelivered&after={}", shop.head().await?);
        let mut answer = shop.stream(&path, "text/event-stream").await?;
        let followed = Followed::default();
        let told = followed.clone();
        tokio::spawn(async move {
            let mut text = Vec::new();
            while let Ok(Some(part)) = answer.chunk().await {
                text.extend_from_slice(&part);
                let Some(end) = text.iter().rposition(|&byte| byte == b'\n') else { continue };
                let lines: Vec<u8> = text.drain(..=end).collect();
                for line in lines.split(|&byte| byte == b'\n') {
                    if let Some(event) = line.strip_prefix(b"data: ") {
                        tell(&told, event);
                    }
                }
            }
            // Whoever still waits is told that nothing comes any more.
            told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        });
        Ok(Self(followed))
    }

    /// Waits for an order. What has happened before is not told.
    pub fn of(&self, order_id: OrderId) -> Waiting {
        let stream = format!("order-{}", order_id.uuid());
        let (sender, standing) = watch::channel(Standing::default());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.clone(), sender);
        Waiting { followed: self.0.clone(), stream, standing }
    }
}

fn tell(followed: &Followed, event: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(event) else { return };
    let followed = followed.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(sender) = followed.get(&event.stream) else { return };
    sender.send_modify(|standing| match event.event_type.as_str() {
        "OrderConfirmed" => standing.delivery_id = Some(event.data.delivery_id),
        _ => standing.delivered = true,
    });
}

impl Waiting {
    /// Its delivery's id, once it is confirmed.
    pub async fn confirmed(&self) -> anyhow::Result<String> {
        let mut standing = self.standing.clone();
        let standing = standing.wait_for(|standing| standing.delivery_id.is_some()).await;
        standing.context("the live stream has ended")?.delivery_id.clone().context("a delivery")
    }

    /// Once it is delivered.
    pub async fn delivered(&self) -> anyhow::Result<()> {
        let mut standing = self.standing.clone();
        standing.wait_for(|standing| standing.delivered).await.context("the live stream has ended")?;
        Ok(())
    }
}
