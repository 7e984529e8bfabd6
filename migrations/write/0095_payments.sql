-- Differences between what the payment provider says and what the log says, that no command can settle.
create table payment_differences (
    id         bigint generated always as identity primary key,
    kind       text        not null,
    -- The provider's id of the payment, or of the message that cannot be read.
    reference  text        not null,
    order_id   uuid,
    expected   text        not null,
    found      text        not null,
    first_seen timestamptz not null default now(),
    last_seen  timestamptz not null default now(),
    times      bigint      not null default 1 check (times > 0),
    unique (kind, reference, found)
);
create index payment_differences_last on payment_differences (last_seen desc, id desc);

-- The simulated provider: payments that wait for the buyer's bank, and why the last attempt failed.
alter table simulator_intents drop constraint simulator_intents_status_check;
alter table simulator_intents add constraint simulator_intents_status_check
    check (status in ('requires_payment_method', 'processing', 'succeeded', 'canceled'));
alter table simulator_intents add column decline_code text;

-- How many unpaid orders of one buyer hold the same product: a slot for each. What a crash takes away is only a limit that
-- begins anew, so the table is not logged.
create unlogged table hold_slots (
    buyer_id   uuid        not null,
    product_id uuid        not null,
    slot       integer     not null check (slot > 0),
    order_id   uuid        not null,
    taken_at   timestamptz not null default now(),
    primary key (buyer_id, product_id, slot)
);
create index hold_slots_order on hold_slots (order_id);
