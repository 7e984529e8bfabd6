create table deliveries (
    delivery_id          uuid             primary key,
    tracking_number      text             not null,
    order_id             uuid             not null,
    buyer_id             uuid             not null,
    address              jsonb            not null,
    preferred_date       date,
    attempt              int              not null,
    status               text             not null,
    driver_id            uuid,
    vehicle              text,
    -- The latest point by the device's own clock.
    last_latitude        double precision,
    last_longitude       double precision,
    last_accuracy_metres double precision,
    last_position_at     timestamptz,
    scheduled_at         timestamptz      not null,
    assigned_at          timestamptz,
    picked_up_at         timestamptz,
    transit_started_at   timestamptz,
    -- When it was delivered, failed or was cancelled.
    ended_at             timestamptz,
    failure_reason       text,
    signature            text,
    photo                text,
    version              bigint           not null,
    updated_at           timestamptz      not null
) with (fillfactor = 70);

create index deliveries_by_order on deliveries (order_id, attempt);
create index deliveries_by_driver on deliveries (driver_id, scheduled_at desc);
