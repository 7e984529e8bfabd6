-- What commands need beside the log.

-- How many order and tracking numbers have been given out on a day (UTC).
create table daily_numbers (
    kind text not null,
    day  date not null,
    last bigint not null check (last > 0),
    primary key (kind, day)
) with (fillfactor = 50);

-- What must be unique among all aggregates of a kind, such as the traced lot of a product.
create table reservations (
    scope      text not null,
    key        text not null,
    owner      uuid not null,
    claimed_at timestamptz not null default now(),
    primary key (scope, key)
);

-- Requests that carried an idempotency key, and their answers. `status` is null until the first answer is there;
-- `claim_id` is the claim that is at work, or that has answered; null: the key is free for another attempt.
-- Every row is written twice, before and after the command: room is left in the page for the second time.
create table idempotency_keys (
    principal    text not null,
    key          text not null,
    fingerprint  bytea not null,
    command_id   uuid not null,
    attempt      integer not null default 1,
    claim_id     uuid,
    leased_until timestamptz,
    created_at   timestamptz not null default now(),
    status       smallint,
    headers      json,
    body         bytea,
    primary key (principal, key)
) with (fillfactor = 60);

-- Old keys are deleted by their age; rows lie in the order of their age, so the smallest of indexes does.
create index idempotency_keys_created_at on idempotency_keys using brin (created_at) with (pages_per_range = 16);

-- The simulated payment provider's own ledger. Nothing else in the system reads it.
create table simulator_intents (
    id              text primary key,
    idempotency_key text not null unique,
    order_id        uuid not null,
    amount          bigint not null check (amount > 0),
    currency        text not null,
    client_secret   text not null unique,
    status          text not null default 'requires_payment_method'
                    check (status in ('requires_payment_method', 'succeeded', 'canceled')),
    captured        bigint not null default 0 check (captured in (0, amount)),
    refunded        bigint not null default 0 check (refunded between 0 and captured),
    created_at      timestamptz not null default now()
);
create index simulator_intents_order on simulator_intents (order_id, created_at);

create table simulator_refunds (
    id              text primary key,
    idempotency_key text not null unique,
    intent_id       text not null references simulator_intents (id),
    amount          bigint not null check (amount > 0),
    created_at      timestamptz not null default now()
);
create index simulator_refunds_intent on simulator_refunds (intent_id);

-- What the simulated provider has to tell, byte for byte as it will be sent.
create table simulator_webhooks (
    id           bigint generated always as identity primary key,
    event_id     text not null unique,
    body         text not null,
    attempts     integer not null default 0,
    due_at       timestamptz not null default now(),
    delivered_at timestamptz,
    last_error   text
);
create index simulator_webhooks_due on simulator_webhooks (due_at) where delivered_at is null;
