-- States of long streams, so that loading one need not begin with its first event. A cache and nothing more: the log alone
-- counts, and whatever is here can be deleted at any time.
create table snapshots (
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    -- Of the state, a number that the aggregate's code gives: a state of another form is of no use.
    form           integer     not null,
    -- The event that the state was taken after. It must still be in the log, there and of this command.
    version        bigint      not null check (version > 0),
    command_id     uuid        not null,
    -- As text, so that the checksum stands for what is read.
    state          json        not null,
    -- SHA-256 of all of the above.
    checksum       bytea       not null,
    taken_at       timestamptz not null default now(),
    primary key (aggregate_type, aggregate_id, form)
)
-- Rewritten again and again: room on the same page spares the index.
with (fillfactor = 70);
