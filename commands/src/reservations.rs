//! What must be unique among all aggregates of a kind: a claim in a table, made before the command that needs it.
//!
//! A claim and the command that uses it are no one transaction: a crash between them leaves a claim that nobody uses. Such a
//! claim does no harm to its owner, who is granted it again, and another may take it over once it is old.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::StoreError;

/// For how long an owner that does not use its claim keeps it all the same. As long as an idempotency key is kept: within
/// it, the request that made the claim may still come again.
const ABANDONED_AFTER: &str = "24 hours";

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The owner has it, now or since long.
    Granted,
    /// Another has it.
    Taken {
        /// Who.
        owner: Uuid,
        /// When the owner last claimed it.
        claimed_at: DateTime<Utc>,
        /// Whether that is so long ago that it may be taken over, if the owner does not use it.
        old: bool,
    },
}

/// Keeps unique what must be. Clones share everything.
#[derive(Clone)]
pub struct Reservations {
    pool: PgPool,
}

impl Reservations {
    /// Claims in the database `pool`.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Claims `key` among all of `scope` for `owner`. Claimed again by its owner, it is granted again, and counts as new.
    pub async fn claim(&self, scope: &str, key: &str, owner: Uuid) -> Result<Claim, StoreError> {
        loop {
            let granted = sqlx::query(
                "insert into reservations as r (scope, key, owner) values ($1, $2, $3)
                 on conflict (scope, key) do update set claimed_at = now() where r.owner = excluded.owner",
            )
            .bind(scope)
            .bind(key)
            .bind(owner)
            .execute(&self.pool)
            .await?;
            if granted.rows_affected() == 1 {
                return Ok(Claim::Granted);
            }
            let taken: Option<(Uuid, DateTime<Utc>, bool)> = sqlx::query_as(&format!(
                "select owner, claimed_at, claimed_at < now() - interval '{ABANDONED_AFTER}'
                 from reservations where scope = $1 and key = $2",
            ))
            .bind(scope)
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
            match taken {
                Some((other, claimed_at, old)) if other != owner => {
                    return Ok(Claim::Taken { owner: other, claimed_at, old });
                }
                // Given up between the two statements, or ours by now: claim again.
                _ => {}
            }
        }
    }

    /// Gives an old claim of `from`, who does not use it, to `to`. False: `from` has claimed it again or has it no longer.
    pub async fn take_over(&self, scope: &str, key: &str, from: Uuid, to: Uuid) -> Result<bool, StoreError> {
        let taken = sqlx::query(&format!(
            "update reservations set owner = $4, claimed_at = now()
             where scope = $1 and key = $2 and owner = $3
               and claimed_at < now() - interval '{ABANDONED_AFTER}'",
        ))
        .bind(scope)
        .bind(key)
        .bind(from)
        .bind(to)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Gives `key` up, if `owner` has it. Only for those who know that nothing uses it, nor is about to.
    pub async fn release(&self, scope: &str, key: &str, owner: Uuid) -> Result<(), StoreError> {
        sqlx::query("delete from reservations where scope = $1 and key = $2 and owner = $3")
            .bind(scope)
            .bind(key)
            .bind(owner)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
