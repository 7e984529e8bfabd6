//! The row before the command.

use std::collections::HashMap;

use sqlx::PgPool;
use uuid::Uuid;

use super::{Begun, Claim, Fingerprint, StoredAnswer, answer};
use crate::StoreError;

/// A request that wants to begin.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub principal: String,
    pub key: String,
    pub fingerprint: Fingerprint,
    /// The command's id, if the key is new; the claim's id in any case.
    pub command_id: Uuid,
}

/// Claims a key that is new, free, or has outlived its lease (10 s) or its time (24 h), and tells how it then stands. All
/// times are the database's. A claim whose answer was lost on the way is granted again.
///
/// A key that cannot be claimed is written as it was. That costs a repeat a row version, and gains this: the conflict finds
/// the row by its index whatever the planner thinks, and sees what others have committed a moment ago.
const BEGIN: &str = "
    insert into idempotency_keys as k (principal, key, fingerprint, command_id, claim_id, leased_until)
    select principal, key, fingerprint, command_id, command_id, now() + interval '10 seconds'
    from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[]) as a (principal, key, fingerprint, command_id)
    order by principal, key
    on conflict (principal, key) do update set
        (fingerprint, command_id, attempt, claim_id, leased_until, created_at, status, headers, body) = (
            select
                case when old then excluded.fingerprint else k.fingerprint end,
                case when old then excluded.command_id else k.command_id end,
                case when old then 1 when free then k.attempt + 1 else k.attempt end,
                case when old or free then excluded.claim_id else k.claim_id end,
                case when old or free then excluded.leased_until else k.leased_until end,
                case when old then now() else k.created_at end,
                case when old then null else k.status end,
                case when old then null else k.headers end,
                case when old then null else k.body end
            from (select
                k.created_at < now() - interval '24 hours' as old,
                k.status is null and k.fingerprint = excluded.fingerprint
                    and (k.claim_id is null or k.leased_until < now() or k.claim_id = excluded.claim_id) as free
            ) as stands
        )
    returning principal, key, fingerprint, command_id, attempt, claim_id, status, headers::text, body";

#[derive(sqlx::FromRow)]
struct Row {
    principal: String,
    key: String,
    fingerprint: Vec<u8>,
    command_id: Uuid,
    attempt: i32,
    claim_id: Option<Uuid>,
    #[sqlx(flatten)]
    answer: answer::Columns,
}

/// What each request is to do, in their order.
pub(super) async fn begin(pool: &PgPool, asked: &[Asked]) -> Result<Vec<Begun>, StoreError> {
    // One statement can touch a row once: of several requests with one key the first goes, and the others find it gone.
    let mut first: HashMap<(&str, &str), &Asked> = HashMap::new();
    for request in asked {
        first.entry((&request.principal, &request.key)).or_insert(request);
    }
    let principals: Vec<&str> = first.values().map(|request| request.principal.as_str()).collect();
    let keys: Vec<&str> = first.values().map(|request| request.key.as_str()).collect();
    let fingerprints: Vec<&[u8]> = first.values().map(|request| &request.fingerprint.0[..]).collect();
    let command_ids: Vec<Uuid> = first.values().map(|request| request.command_id).collect();
    let rows: Vec<Row> = sqlx::query_as(BEGIN)
        .bind(&principals)
        .bind(&keys)
        .bind(&fingerprints)
        .bind(&command_ids)
        .fetch_all(pool)
        .await?;
    let rows: HashMap<(&str, &str), &Row> =
        rows.iter().map(|row| ((row.principal.as_str(), row.key.as_str()), row)).collect();
    asked
        .iter()
        .map(|request| {
            let row = rows.get(&(request.principal.as_str(), request.key.as_str()));
            verdict(request, row.ok_or_else(|| StoreError::new("a key's row is missing"))?)
        })
        .collect()
}

fn verdict(request: &Asked, row: &Row) -> Result<Begun, StoreError> {
    if row.fingerprint != request.fingerprint.0 {
        return Ok(Begun::Mismatch);
    }
    if let Some(answer) = StoredAnswer::read(&row.answer)? {
        return Ok(Begun::Replay(answer));
    }
    if row.claim_id != Some(request.command_id) {
        return Ok(Begun::InFlight);
    }
    Ok(Begun::Started(Claim {
        principal: request.principal.clone(),
        key: request.key.clone(),
        fingerprint: request.fingerprint,
        token: request.command_id,
        command_id: row.command_id,
        attempt: row.attempt.unsigned_abs(),
    }))
}

/// Frees a key, unless it has been taken over or answered.
pub(super) async fn release(pool: &PgPool, claim: &Claim) -> Result<(), StoreError> {
    sqlx::query(
        "update idempotency_keys set claim_id = null, leased_until = null
         where principal = $1 and key = $2 and claim_id = $3 and status is null",
    )
    .bind(&claim.principal)
    .bind(&claim.key)
    .bind(claim.token)
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn release_all(pool: &PgPool) -> Result<u64, StoreError> {
    let released = sqlx::query(
        "update idempotency_keys set claim_id = null, leased_until = null
         where status is null and claim_id is not null",
    )
    .execute(pool)
    .await?;
    Ok(released.rows_affected())
}

pub(super) async fn purge(pool: &PgPool) -> Result<u64, StoreError> {
    let purged = sqlx::query("delete from idempotency_keys where created_at < now() - interval '24 hours'")
        .execute(pool)
        .await?;
    Ok(purged.rows_affected())
}
