use std::collections::{BTreeSet, HashSet};

use agrodeep_domain::{
    OrderId,
    order_fulfilment::{OrderFulfilment, Progress, StepName},
};
use sqlx::{
    PgConnection,
    types::{Json, Uuid},
};

use super::{Saga, query};
use crate::{ReadError, projection::bind_columns};

/// Those of `ids` that are stored.
pub(super) async fn load(
    connection: &mut PgConnection,
    ids: HashSet<OrderId>,
) -> Result<Vec<Saga>, ReadError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "select s.* from unnest($1::uuid[]) k(id)
         cross join lateral (select * from sagas where order_id = k.id limit 1) s",
    )
    .bind(ids.into_iter().map(OrderId::uuid).collect::<Vec<Uuid>>())
    .fetch_all(connection)
    .await?;
    rows.iter().map(query::saga).collect()
}

/// The names of the steps that are open.
fn open_steps(state: &OrderFulfilment) -> String {
    let parked: BTreeSet<_> = state.parked().collect();
    let open = state
        .effects
        .iter()
        .filter(|(step, progress)| matches!(progress, Progress::Pending { .. }) || parked.contains(step));
    let names: BTreeSet<StepName> = open.map(|(step, _)| StepName::from(*step)).collect();
    names.into_iter().map(StepName::as_str).collect::<Vec<_>>().join(" ")
}

fn parked(state: &OrderFulfilment) -> String {
    state.parked().map(|step| step.to_string()).collect::<Vec<_>>().join(" ")
}

/// Stores sagas as they are.
pub(super) async fn write(connection: &mut PgConnection, sagas: &[&Saga]) -> Result<(), sqlx::Error> {
    if sagas.is_empty() {
        return Ok(());
    }
    // Lists of names come as one text each: Postgres has no arrays of arrays of different lengths.
    let query = sqlx::query(
        "insert into sagas (order_id, state, step, open_steps, parked, unwinding, started_at, since, updated_at,
             trace_id, fulfilment, version)
         select order_id, state, step, coalesce(string_to_array(nullif(open_steps, ''), ' '), '{}'),
             coalesce(string_to_array(nullif(parked, ''), ' '), '{}'), unwinding, started_at, since, updated_at,
             trace_id, fulfilment, version
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
             $8::timestamptz[], $9::timestamptz[], $10::text[], $11::jsonb[], $12::bigint[])
             s(order_id, state, step, open_steps, parked, unwinding, started_at, since, updated_at, trace_id,
                 fulfilment, version)
         on conflict (order_id) do update set state = excluded.state, step = excluded.step,
             open_steps = excluded.open_steps, parked = excluded.parked, unwinding = excluded.unwinding,
             started_at = excluded.started_at, since = excluded.since, updated_at = excluded.updated_at,
             trace_id = excluded.trace_id, fulfilment = excluded.fulfilment, version = excluded.version",
    );
    bind_columns!(
        query,
        sagas,
        |s| s.order_id.uuid(),
        // What has not begun has no row.
        |s| s.fulfilment.condition().map_or("running", |condition| condition.as_str()),
        |s| s.fulfilment.stands_at(),
        |s| open_steps(&s.fulfilment),
        |s| parked(&s.fulfilment),
        |s| s.fulfilment.unwinding.map(|reason| reason.as_str()),
        |s| s.started_at,
        |s| s.since,
        |s| s.updated_at,
        |s| s.trace_id.as_deref(),
        |s| Json(&s.fulfilment),
        |s| s.version as i64,
    )
    .execute(connection)
    .await?;
    Ok(())
}
