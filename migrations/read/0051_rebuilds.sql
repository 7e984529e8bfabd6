-- Goes up when rows that were built anew take the place of others: who has rows of before at hand is found out.
alter table checkpoints add column generation bigint not null default 0;

-- Read models that are built anew beside the live ones, and those that were. The new rows, and how far they are, stand in
-- a schema of their own until they are switched; what they replace stands in another one until it is dropped.
create table rebuilds (
    generation   bigint      generated always as identity primary key,
    projection   text        not null,
    version      int         not null,
    -- building | stopped | switched (the old tables are still there) | done | discarded
    state        text        not null,
    -- Into how many parts the log is split by aggregate, each with a checkpoint of its own.
    shards       int         not null,
    requested_by text        not null,
    requested_at timestamptz not null default now(),
    -- When work on it last began, and how far it was then.
    resumed_at   timestamptz,
    resumed_from bigint,
    switched_at  timestamptz,
    -- Up to which event everything was in when it was switched.
    switched_to  bigint,
    -- When what it has replaced goes.
    drop_after   timestamptz
);

create unique index rebuilds_in_the_making on rebuilds (projection) where state in ('building', 'stopped');
