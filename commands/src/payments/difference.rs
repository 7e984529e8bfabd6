//! Differences between what the payment provider says and what the log says, that no command can settle: kept until a person
//! has looked, and shown by `agrodeep payments differences`.

use agrodeep_domain::OrderId;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::StoreError;

/// How the provider and the log differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// Another amount, or another currency, was paid than was asked for. It is not captured.
    OtherAmount,
    /// Money was paid, or given back, for a payment that no order has asked for.
    UnknownPayment,
    /// Another amount was given back than was asked for.
    OtherRefundAmount,
    /// Money was given back that the order has not asked to give back.
    UnexpectedRefund,
    /// A refund did not reach the buyer.
    RefundFailed,
    /// A refund was asked for, and the provider has none.
    RefundMissing,
    /// The provider does not know a payment that an order waits for.
    MissingAtProvider,
    /// A signed message of the provider that cannot be read.
    UnreadableMessage,
}

impl DifferenceKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::OtherAmount,
        Self::UnknownPayment,
        Self::OtherRefundAmount,
        Self::UnexpectedRefund,
        Self::RefundFailed,
        Self::RefundMissing,
        Self::MissingAtProvider,
        Self::UnreadableMessage,
    ];

    /// The kind as it is written, in the table and in metrics: never change it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherAmount => "other_amount",
            Self::UnknownPayment => "unknown_payment",
            Self::OtherRefundAmount => "other_refund_amount",
            Self::UnexpectedRefund => "unexpected_refund",
            Self::RefundFailed => "refund_failed",
            Self::RefundMissing => "refund_missing",
            Self::MissingAtProvider => "missing_at_provider",
            Self::UnreadableMessage => "unreadable_message",
        }
    }
}

/// Something that was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How they differ.
    pub kind: DifferenceKind,
    /// The provider's id of the payment, or of the message that cannot be read.
    pub reference: String,
    /// The order, if it is known.
    pub order_id: Option<OrderId>,
    /// What the log says, in words.
    pub expected: String,
    /// What the provider says, in words.
    pub found: String,
}

/// A difference as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDifference {
    /// Its kind, as [`DifferenceKind::as_str`] writes it.
    pub kind: String,
    /// The provider's id of the payment or message.
    pub reference: String,
    /// The order, if it is known.
    pub order_id: Option<OrderId>,
    /// What the log says.
    pub expected: String,
    /// What the provider says.
    pub found: String,
    /// When it was noticed first, by the database's clock.
    pub first_seen: DateTime<Utc>,
    /// When it was noticed last.
    pub last_seen: DateTime<Utc>,
    /// How often it was noticed.
    pub times: u64,
}

/// Keeps differences. Clones share everything.
#[derive(Clone)]
pub struct Differences {
    pool: PgPool,
}

type Row = (String, String, Option<Uuid>, String, String, DateTime<Utc>, DateTime<Utc>, i64);

impl Differences {
    /// Keeps them in the database `pool`.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Keeps a difference, counts it and logs it. Noticed again, it stays one. True: it is new.
    ///
    /// # Errors
    /// When the database cannot be reached: then it is not reported.
    pub async fn report(&self, difference: &Difference) -> Result<bool, StoreError> {
        let Difference { kind, reference, order_id, expected, found } = difference;
        let (times,): (i64,) = sqlx::query_as(
            "insert into payment_differences as d (kind, reference, order_id, expected, found)
             values ($1, $2, $3, $4, $5)
             on conflict (kind, reference, found) do update set last_seen = now(), times = d.times + 1
             returning times",
        )
        .bind(kind.as_str())
        .bind(reference)
        .bind(order_id.map(|order_id| order_id.uuid()))
        .bind(expected)
        .bind(found)
        .fetch_one(&self.pool)
        .await?;
        let order = order_id.map(|order_id| order_id.to_string());
        if times == 1 {
            metrics::counter!("payment_differences_total", "kind" => kind.as_str()).increment(1);
            tracing::error!(
                kind = kind.as_str(),
                reference,
                order_id = order,
                expected,
                found,
                "the payment provider and the log differ: a person has to look"
            );
        } else {
            tracing::debug!(kind = kind.as_str(), reference, order_id = order, times, "a known difference");
        }
        Ok(times == 1)
    }

    /// Those noticed last, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn latest(&self, limit: u32) -> Result<Vec<KnownDifference>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select kind, reference, order_id, expected, found, first_seen, last_seen, times
             from payment_differences order by last_seen desc, id desc limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(known).collect())
    }

    /// Those noticed last after the first `offset`, at most `limit`, of one kind or of all; and how many there are of it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn page(
        &self,
        kind: Option<&str>,
        offset: i64,
        limit: u32,
    ) -> Result<(Vec<KnownDifference>, u64), StoreError> {
        let (total,): (i64,) =
            sqlx::query_as("select count(*) from payment_differences where $1::text is null or kind = $1")
                .bind(kind)
                .fetch_one(&self.pool)
                .await?;
        let rows: Vec<Row> = sqlx::query_as(
            "select kind, reference, order_id, expected, found, first_seen, last_seen, times
             from payment_differences where $1::text is null or kind = $1
             order by last_seen desc, id desc offset $2 limit $3",
        )
        .bind(kind)
        .bind(offset)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok((rows.into_iter().map(known).collect(), total.unsigned_abs()))
    }
}

fn known((kind, reference, order_id, expected, found, first_seen, last_seen, times): Row) -> KnownDifference {
    let order_id = order_id.map(OrderId::from_uuid);
    let times = times.unsigned_abs();
    KnownDifference { kind, reference, order_id, expected, found, first_seen, last_seen, times }
}
