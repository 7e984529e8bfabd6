-- How far each projection has come. Its row moves in the same transaction as the rows it stands for, and only from
-- the position that the writer believes it to be at: a second or paused instance moves nothing.
create table checkpoints (
    projection text   primary key,
    version    int    not null,
    position   bigint not null
);

-- Events that a projection could not apply, and later ones that wait behind them in order. The events themselves are in
-- the log; here is only where. `aggregate_*` names what is parked: usually the event's own stream, sometimes the one it
-- tells something about (a hold of stock waits behind its order).
create table parked_events (
    projection     text   not null,
    position       bigint not null,
    aggregate_type text   not null,
    aggregate_id   uuid   not null,
    event_type     text   not null,
    -- Why it could not be applied; null: it only waits behind one that could not.
    reason         text,
    primary key (projection, position)
);

create index parked_aggregates on parked_events (projection, aggregate_type, aggregate_id, position);
