-- How far each process manager has come, and who runs it. One at a time: whoever holds the lease. Everything its holder
-- writes here, it writes on condition that the epoch is still its own, in the same statement.
create table process_managers (
    name         text primary key,
    -- Everything up to here was observed, and has led to what it had to.
    checkpoint   bigint      not null default 0 check (checkpoint >= 0),
    -- Grows whenever the lease changes hands.
    epoch        bigint      not null default 0,
    holder       text,
    leased_until timestamptz not null default '-infinity'
) with (fillfactor = 50);

-- What fulfilments wait for by the clock. A row follows from its fulfilment's events; a late one is harmless by their state.
create table order_fulfilment_deadlines (
    order_id uuid        not null,
    kind     text        not null,
    due_at   timestamptz not null,
    primary key (order_id, kind)
);
create index order_fulfilment_deadlines_due on order_fulfilment_deadlines (due_at);

-- The fulfilments that have not ended: where each stands, and what of it waits for a person.
create table order_fulfilments (
    order_id  uuid primary key,
    stands_at text        not null,
    parked    text[]      not null default '{}',
    since     timestamptz not null default now()
) with (fillfactor = 70);
create index order_fulfilments_parked on order_fulfilments (since) where parked <> '{}';
