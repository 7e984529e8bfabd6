-- Every event that concerns an order, whoever's stream it stands in. Never changed.
create table order_history (
    order_id       uuid        not null,
    position       bigint      not null,
    event_id       uuid        not null,
    aggregate_type text        not null,
    aggregate_id   uuid        not null,
    version        bigint      not null,
    event_type     text        not null,
    event_version  text        not null,
    -- The bytes of the log: text, as json types may write them anew.
    payload        text        not null,
    actor          text        not null,
    correlation_id uuid        not null,
    causation_id   uuid        not null,
    traceparent    text,
    occurred_at    timestamptz not null,
    -- What else the metadata says.
    metadata       jsonb       not null,
    command_id     uuid        not null,
    recorded_at    timestamptz not null,
    primary key (order_id, position)
);

-- Whose order a delivery brings: events of the delivery do not say so themselves.
create table order_history_deliveries (
    delivery_id uuid primary key,
    order_id    uuid not null
);
