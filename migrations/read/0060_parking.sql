-- What an operator needs to know of a parked event, and never its content.
alter table parked_events
    -- The kind of error, for programs; null: it only waits.
    add column error_class    text,
    -- Where the event before it stands in the log: there it is read again.
    add column after_position bigint,
    add column parked_at      timestamptz not null default now();

-- What people have decided about parked aggregates. The projection itself carries it out, so that its rows keep one
-- writer; what was skipped stays here for good, and is left out by every later fold, too.
create table parking_decisions (
    decision_id    bigint      generated always as identity primary key,
    projection     text        not null,
    aggregate_type text        not null,
    aggregate_id   uuid        not null,
    kind           text        not null check (kind in ('retry', 'skip')),
    -- skip: which event, and what was wrong with it.
    position       bigint,
    event_type     text,
    error_class    text,
    reason         text,
    decided_by     text        not null,
    decided_at     timestamptz not null default now(),
    -- When the event was left out.
    skipped_at     timestamptz,
    -- How many events have been applied in consequence.
    applied        bigint      not null default 0,
    -- released | still_parked | not_parked; null: not carried out yet
    outcome        text,
    done_at        timestamptz,
    check ((kind = 'skip') = (position is not null and reason is not null))
);

create unique index parking_decisions_pending on parking_decisions (projection, aggregate_type, aggregate_id)
    where outcome is null;
create index parking_decisions_skipped on parking_decisions (projection, position) where skipped_at is not null;
create index parking_decisions_of_aggregate on parking_decisions (projection, aggregate_type, aggregate_id, decision_id);

-- Which processes work on which projection, as they say each second.
create table projection_instances (
    projection       text        not null,
    -- host:process
    instance         text        not null,
    -- working | paused | standing_by | rebuilding
    activity         text        not null,
    -- Why it does not work, in words without content.
    why              text,
    position         bigint      not null,
    events_per_second double precision not null,
    parked_aggregates bigint     not null,
    seen_at          timestamptz not null default now(),
    primary key (projection, instance)
) with (fillfactor = 50);
