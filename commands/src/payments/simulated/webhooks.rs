//! Tells the shop what happened, over HTTP, until it says 2xx.
//!
//! A message is claimed for a while before it is sent and marked after: a sender that dies sends late or twice, never not
//! at all. Several senders share the work.

use std::time::Duration;

use chrono::Utc;
use reqwest::{Client, Url, header::CONTENT_TYPE, redirect::Policy};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    super::{gateway::GatewayError, signature::sign},
    Behaviour, SimulatedGateway, unavailable,
};
use crate::StoreError;

/// How many messages are under way at the same moment.
const AT_ONCE_MAX: usize = 16;
/// How long the shop may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// For how long a claimed message is left to its sender: longer than an answer may take.
const CLAIM_SECONDS: f64 = 15.0;
/// The first pause after a message was not taken; each further one is twice as long.
const PAUSE_FIRST_SECONDS: f64 = 0.1;
/// The longest pause.
const PAUSE_MAX_SECONDS: f64 = 10.0;

/// A message that has been claimed.
struct Message {
    id: i64,
    body: String,
    attempts: i32,
}

impl SimulatedGateway {
    /// Sends webhooks to `url`, signed with `secret`, until `shutdown`. What is under way then is given up, to be sent later.
    pub async fn deliver_webhooks(
        &self,
        url: Url,
        secret: SecretString,
        shutdown: CancellationToken,
    ) -> Result<(), reqwest::Error> {
        let client = Client::builder().timeout(ANSWER_MAX).redirect(Policy::none()).build()?;
        // Tasks, not futures of this loop: what holds a connection must go on while the loop waits for one.
        let mut under_way = JoinSet::new();
        loop {
            // Before looking, so that a message that comes after the look ends the wait.
            let woken = self.to_tell.notified();
            let free = AT_ONCE_MAX - under_way.len();
            let claimed = if free == 0 { Vec::new() } else { self.claim(free).await };
            let more = free > 0 && claimed.len() == free;
            for message in claimed {
                let shop = Shop { client: client.clone(), url: url.clone(), secret: secret.clone() };
                under_way.spawn(tell(self.pool.clone(), shop, self.behaviour, message));
            }
            if more {
                continue;
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
                () = woken, if free > 0 => {}
                () = sleep(self.look_every), if free > 0 => {}
            }
        }
    }

    /// Lets messages go out at once that a dead sender had claimed. Only for a start at which no other sender runs.
    pub async fn release_webhooks_of_dead_senders(&self) -> Result<u64, GatewayError> {
        let released = sqlx::query(
            "update simulator_webhooks set due_at = now() where delivered_at is null and due_at > now()",
        )
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(released.rows_affected())
    }

    /// Claims messages that are due; none if the database cannot be reached, which is a reason to look again later.
    async fn claim(&self, messages_max: usize) -> Vec<Message> {
        let claimed: Result<Vec<(i64, String, i32)>, _> = sqlx::query_as(
            "update simulator_webhooks set attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
             where id in (
                 select id from simulator_webhooks where delivered_at is null and due_at <= now()
                 order by due_at limit $1 for update skip locked
             )
             returning id, body, attempts",
        )
        .bind(messages_max as i64)
        .bind(CLAIM_SECONDS)
        .fetch_all(&self.pool)
        .await;
        match claimed {
            Ok(rows) => rows.into_iter().map(|(id, body, attempts)| Message { id, body, attempts }).collect(),
            Err(error) => {
                tracing::warn!(%error, "the simulated provider's messages cannot be read");
                Vec::new()
            }
        }
    }
}

/// Who is told.
struct Shop {
    client: Client,
    url: Url,
    secret: SecretString,
}

/// Sends one message, as often as the provider repeats itself, and notes what came of it. If the note is lost, the message
/// is sent again.
async fn tell(pool: PgPool, shop: Shop, behaviour: Behaviour, message: Message) {
    let noted = match send_all(&shop, behaviour, &message).await {
        Ok(()) => taken(&pool, &message).await,
        Err(reason) => {
            tracing::debug!(
                message = message.id,
                attempts = message.attempts,
                reason,
                "a webhook was not taken"
            );
            put_off(&pool, &message, &reason).await
        }
    };
    if let Err(error) = noted {
        tracing::warn!(message = message.id, %error, "what came of a webhook could not be noted");
    }
}

/// Sends the copies of a message, each at its own time. Lost, it counts as sent: the shop never hears of it.
async fn send_all(shop: &Shop, behaviour: Behaviour, message: &Message) -> Result<(), String> {
    if behaviour.loses(message.id) {
        tracing::info!(message = message.id, "the simulated provider loses a webhook, as it was told to");
        return Ok(());
    }
    let copies = (0..behaviour.webhook_copies.max(1)).map(|copy| async move {
        tokio::time::sleep(behaviour.wait(message.id, copy)).await;
        send(shop, &message.body).await
    });
    futures::future::try_join_all(copies).await.map(drop)
}

async fn send(shop: &Shop, body: &str) -> Result<(), String> {
    let answer = shop
        .client
        .post(shop.url.clone())
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header("Stripe-Signature", sign(&shop.secret, body.as_bytes(), Utc::now()))
        .body(body.to_owned())
        .send()
        .await
        .map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("the answer was {}", answer.status())) }
}

async fn taken(pool: &PgPool, message: &Message) -> Result<(), StoreError> {
    sqlx::query("update simulator_webhooks set delivered_at = now(), last_error = null where id = $1")
        .bind(message.id)
        .execute(pool)
        .await?;
    Ok(())
}

async fn put_off(pool: &PgPool, message: &Message, reason: &str) -> Result<(), StoreError> {
    sqlx::query(
        "update simulator_webhooks set due_at = now() + make_interval(secs => $2), last_error = $3
         where id = $1 and delivered_at is null",
    )
    .bind(message.id)
    .bind(pause_seconds(message.attempts))
    .bind(reason)
    .execute(pool)
    .await?;
    Ok(())
}

fn pause_seconds(attempts: i32) -> f64 {
    (PAUSE_FIRST_SECONDS * 2_f64.powi(attempts.saturating_sub(1).clamp(0, 30))).min(PAUSE_MAX_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_short_enough_to_notice_that_the_shop_is_back() {
        let pauses: Vec<f64> = [1, 2, 3, 8, 1000].into_iter().map(pause_seconds).collect();
        assert_eq!(pauses, [0.1, 0.2, 0.4, 10.0, 10.0]);
    }
}
