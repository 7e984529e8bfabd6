//! The row before the command.

use std::collections::HashMap;

use sqlx::PgPool;
use uuid::Uuid;

use super::{Begun, Claim, Fingerprint, StoredAnswer};
use crate::StoreError;

/// A request that wants to begin.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub principal: String,
    pub key: String,
    pub fingerprint: Fingerprint,
    /// The command's id, if the key is new.
    pub command_id: Uuid,
}

/// Claims what is new, was given up, has outlived its lease (10 s) or its time (24 h); tells how the rest stands. All times
/// are the database's. A claim of the very same command id is one whose answer was lost on the way: it is granted again.
const BEGIN: &str = "
    with asked as (
        select * from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[])
            as a (principal, key, fingerprint, command_id)
    ), claimed as (
        insert into idempotency_keys as k (principal, key, fingerprint, command_id, owner, leased_until)
        select principal, key, fingerprint, command_id, $5, now() + interval '10 seconds'
        from asked order by principal, key
        on conflict (principal, key) do update set
            owner = excluded.owner,
            leased_until = excluded.leased_until,
            fingerprint = excluded.fingerprint,
            command_id = case when k.created_at < now() - interval '24 hours'
                              then excluded.command_id else k.command_id end,
            attempt = case when k.created_at < now() - interval '24 hours'
                             or k.command_id = excluded.command_id then 1 else k.attempt + 1 end,
            created_at = case when k.created_at < now() - interval '24 hours' then now() else k.created_at end,
            status = null, headers = null, body = null
        where k.created_at < now() - interval '24 hours'
           or k.status is null and k.fingerprint = excluded.fingerprint
              and (k.owner is null or k.leased_until < now() or k.command_id = excluded.command_id)
        returning principal, key, command_id, attempt
    )
    select principal, key, c.command_id, c.attempt, k.fingerprint, k.status, k.headers::text, k.body
    from asked
    left join claimed c using (principal, key)
    left join idempotency_keys k using (principal, key)";

type Row = (
    String,
    String,
    Option<Uuid>,
    Option<i32>,
    Option<Vec<u8>>,
    Option<i16>,
    Option<String>,
    Option<Vec<u8>>,
);

/// What each request is to do, in their order.
pub(super) async fn begin(pool: &PgPool, instance: Uuid, asked: &[Asked]) -> Result<Vec<Begun>, StoreError> {
    // One statement can touch a row once: of several requests with one key the first goes, the others find it gone.
    let mut first: HashMap<(&str, &str), usize> = HashMap::new();
    let mut unique = Vec::with_capacity(asked.len());
    for (index, request) in asked.iter().enumerate() {
        first.entry((&request.principal, &request.key)).or_insert_with(|| {
            unique.push(request);
            index
        });
    }
    let principals: Vec<&str> = unique.iter().map(|request| request.principal.as_str()).collect();
    let keys: Vec<&str> = unique.iter().map(|request| request.key.as_str()).collect();
    let fingerprints: Vec<&[u8]> = unique.iter().map(|request| &request.fingerprint.bytes()[..]).collect();
    let command_ids: Vec<Uuid> = unique.iter().map(|request| request.command_id).collect();
    let rows: Vec<Row> = sqlx::query_as(BEGIN)
        .bind(&principals)
        .bind(&keys)
        .bind(&fingerprints)
        .bind(&command_ids)
        .bind(instance)
        .fetch_all(pool)
        .await?;
    let rows: HashMap<(&str, &str), &Row> =
        rows.iter().map(|row| ((row.0.as_str(), row.1.as_str()), row)).collect();
    asked
        .iter()
        .enumerate()
        .map(|(index, request)| {
            let name = (request.principal.as_str(), request.key.as_str());
            let row = rows.get(&name).ok_or_else(|| StoreError::new("a key's row is missing"))?;
            let leader = first.get(&name).copied().unwrap_or(index);
            verdict(request, row, if leader == index { None } else { Some(&asked[leader]) })
        })
        .collect()
}

/// What `request` is to do; `leader` is an equal-keyed request of the same batch that was first.
fn verdict(request: &Asked, row: &Row, leader: Option<&Asked>) -> Result<Begun, StoreError> {
    let (_, _, command_id, attempt, fingerprint, status, headers, body) = row;
    if let (Some(command_id), Some(attempt)) = (command_id, attempt) {
        return Ok(match leader {
            None => Begun::Started(Claim {
                principal: request.principal.clone(),
                key: request.key.clone(),
                command_id: *command_id,
                attempt: attempt.unsigned_abs(),
            }),
            Some(leader) if leader.fingerprint == request.fingerprint => Begun::InFlight,
            Some(_) => Begun::Mismatch,
        });
    }
    match (fingerprint, status) {
        (Some(fingerprint), _) if fingerprint != request.fingerprint.bytes() => Ok(Begun::Mismatch),
        (Some(_), Some(status)) => {
            StoredAnswer::read(*status, headers.as_deref(), body.as_deref()).map(Begun::Replay)
        }
        // No row in sight, though it could not be claimed: another process has claimed it at this very moment.
        (Some(_), None) | (None, _) => Ok(Begun::InFlight),
    }
}

/// Frees a claim, unless it has been taken over or answered.
pub(super) async fn release(pool: &PgPool, claim: &Claim) -> Result<(), StoreError> {
    sqlx::query(
        "update idempotency_keys set owner = null, leased_until = null
         where principal = $1 and key = $2 and command_id = $3 and attempt = $4 and status is null",
    )
    .bind(&claim.principal)
    .bind(&claim.key)
    .bind(claim.command_id)
    .bind(i32::try_from(claim.attempt).unwrap_or(i32::MAX))
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn release_all(pool: &PgPool) -> Result<u64, StoreError> {
    let released = sqlx::query(
        "update idempotency_keys set owner = null, leased_until = null where status is null and owner is not null",
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
