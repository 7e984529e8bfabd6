-- No index on what changes while an order goes its way, so that each step changes the row in place.
create table orders (
    order_id                uuid          primary key,
    order_number            text          not null,
    buyer_id                uuid          not null,
    status                  text          not null,
    payment_status          text          not null,
    payment_intent_id       text,
    decline_code            text,
    captured                numeric(12,2),
    refund_id               text,
    refunded                numeric(12,2),
    total                   numeric(12,2) not null,
    currency                text          not null,
    shipping_address        jsonb         not null,
    billing_address         jsonb,
    preferred_delivery_date date,
    notes                   text,
    conductor               text          not null,
    expires_at              timestamptz   not null,
    -- [{status, at, actor}], oldest first.
    status_history          jsonb         not null,
    cancel_reason           text,
    cancel_note             text,
    refund_due              numeric(12,2),
    delivery_id             uuid,
    tracking_number         text,
    delivery_attempt        int,
    ready_for_pickup        boolean       not null,
    undeliverable           boolean       not null,
    version                 bigint        not null,
    created_at              timestamptz   not null,
    updated_at              timestamptz   not null
) with (fillfactor = 70);

create index orders_by_buyer on orders (buyer_id, created_at desc, order_id desc);
create index orders_by_age on orders (created_at desc, order_id desc);

create table order_items (
    order_id    uuid          not null,
    -- Its place in the order, from 0.
    line        int           not null,
    product_id  uuid          not null,
    producer_id uuid          not null,
    name        jsonb         not null,
    quantity    numeric(15,3) not null,
    unit        text          not null,
    unit_price  numeric(12,2) not null,
    total       numeric(12,2) not null,
    currency    text          not null,
    notes       text,
    -- pending | reserved | prepared | shipped | delivered | released
    status      text          not null,
    primary key (order_id, line)
) with (fillfactor = 70);

-- Which producers have lines in which orders. Written once, when the order is placed.
create table order_producers (
    producer_id uuid        not null,
    created_at  timestamptz not null,
    order_id    uuid        not null,
    primary key (producer_id, created_at, order_id)
);
