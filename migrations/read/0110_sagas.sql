-- How the fulfilment of every order is, for whoever operates them: found by state, step and age.
create table sagas (
    order_id   uuid        primary key,
    -- running | waiting | parked | paused | delivered | cancelled | written_off
    state      text        not null,
    -- Where it stands: the step that is being done, or what it waits for. None: it has ended.
    step       text,
    -- The names of the steps that are open: to be done, or parked.
    open_steps text[]      not null,
    -- The steps that wait for a person, each with its product.
    parked     text[]      not null,
    -- Why it is being undone.
    unwinding  text,
    started_at timestamptz not null,
    -- Since when it has this state and stands where it stands.
    since      timestamptz not null,
    updated_at timestamptz not null,
    trace_id   text,
    -- The state of the fulfilment itself, which the next event is applied to.
    fulfilment jsonb       not null,
    version    bigint      not null
) with (fillfactor = 70);

create index sagas_by_state on sagas (state, since, order_id);

-- Those that have not ended are few.
create index sagas_open on sagas (since, order_id) where state in ('running', 'waiting', 'parked', 'paused');
