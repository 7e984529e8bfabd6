-- The log. The first seven columns are exactly those of postgres-es 0.5, so its repository can read it.
create table events (
    aggregate_type text                          not null,
    aggregate_id   text                          not null,
    sequence       bigint check (sequence >= 0)  not null,
    event_type     text                          not null,
    event_version  text                          not null,
    -- json, not jsonb: the bytes stay exactly as they were written, which hashes need.
    payload        json                          not null,
    metadata       json                          not null,
    -- 1, 2, 3 … in commit order, without holes: see append_events.
    position       bigint                        not null,
    event_id       uuid                          not null,
    command_id     uuid                          not null,
    recorded_at    timestamptz                   not null default clock_timestamp(),
    primary key (aggregate_type, aggregate_id, sequence)
);

create unique index events_position on events (position);

-- A command is known by its first event, whose id is the command's: one entry a command, whatever it appended.
create unique index events_command on events (command_id) where event_id = command_id;

-- Nothing is ever changed or taken away.
create function events_are_for_ever() returns trigger language plpgsql as $$
begin
    raise exception 'events are never changed or removed' using errcode = 'insufficient_privilege';
end
$$;

create trigger events_are_for_ever before update or delete or truncate on events
    for each statement execute function events_are_for_ever();

-- The position of the last event. An append locks this row, so appends commit one after the other, in position order.
create table log_head (
    only_row boolean primary key default true check (only_row),
    position bigint not null
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

insert into log_head (position) values (0);

-- Appends the events of many commands, each command all or nothing, and gives each its own verdict.
--
-- The arrays hold one element an event; a command's events stand together and share `item`. Commands of one stream are
-- judged in order, and once one of them is refused the later ones are too, as they may have been decided on it.
--
-- Answers one row (-1, 'appended', base, 0) when everything was appended, at positions base + 1 …; otherwise one row a
-- command: its `item`, the outcome, the position of its last event and the version its stream is at.
create function append_events(
    items           integer[],
    aggregate_types text[],
    aggregate_ids   text[],
    sequences       bigint[],
    event_types     text[],
    event_versions  text[],
    payloads        json[],
    metadatas       json[],
    event_ids       uuid[],
    command_ids     uuid[]
) returns table (item integer, outcome text, at bigint, version bigint) language plpgsql
-- A plan is made once and kept. Made while the log is all but empty it would read the whole log at every append ever after:
-- so only plans that go through an index are taken into account.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    total      constant integer := cardinality(items);
    base       bigint;
    now_at     timestamptz;
    appended   integer := 0;
    first      integer := 1;
    last       integer;
    known      record;
    stream     text;
    refused    text[] := '{}';
    actual     bigint;
begin
    -- From here to the commit nobody else appends.
    update log_head set position = position + total returning position - total into base;
    now_at := clock_timestamp();

    begin
        insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                            event_id, command_id, position, recorded_at)
        select e.*, base + row_number() over (), now_at
        from unnest(aggregate_types, aggregate_ids, sequences, event_types, event_versions, payloads, metadatas,
                    event_ids, command_ids) as e;
        -- A unique violation shows that a stream has moved on; that it is not yet there shows here.
        if not exists (
            select from unnest(items, aggregate_types, aggregate_ids, sequences, event_ids, command_ids)
                as e (item, aggregate_type, aggregate_id, sequence, event_id, command_id)
            where e.event_id = e.command_id and e.sequence > 1 and not exists (
                select from events p
                where p.aggregate_type = e.aggregate_type and p.aggregate_id = e.aggregate_id
                  and p.sequence = e.sequence - 1)
        ) then
            return query select -1, 'appended'::text, base, 0::bigint;
            return;
        end if;
        raise unique_violation;
    exception when unique_violation then
        null;
    end;

    -- Something stands in the way: command by command, to find out what.
    while first <= total loop
        last := first;
        while last < total and items[last + 1] = items[first] loop
            last := last + 1;
        end loop;
        stream := aggregate_types[first] || '-' || aggregate_ids[first];

        select coalesce(max(e.sequence), 0) into actual from events e
        where e.aggregate_type = aggregate_types[first] and e.aggregate_id = aggregate_ids[first];

        -- A range, so that the planner keeps the clause by which it knows the index of commands.
        select e.aggregate_type, e.aggregate_id, e.sequence, e.position into known from events e
        where e.command_id between command_ids[first] and command_ids[first] and e.event_id = e.command_id;

        if found then
            if known.aggregate_type = aggregate_types[first] and known.aggregate_id = aggregate_ids[first]
               and known.sequence = sequences[first] and not stream = any (refused) then
                -- The very same append has been done before: it is told the same verdict again.
                return query select items[first], 'appended'::text, known.position + last - first, sequences[last];
            else
                refused := refused || stream;
                return query select items[first], 'already_done'::text, known.position, actual;
            end if;
        elsif stream = any (refused) or sequences[first] <> actual + 1 then
            refused := refused || stream;
            return query select items[first], 'conflict'::text, 0::bigint, actual;
        else
            insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                                event_id, command_id, position, recorded_at)
            select aggregate_types[i], aggregate_ids[i], sequences[i], event_types[i], event_versions[i], payloads[i],
                   metadatas[i], event_ids[i], command_ids[i], base + appended + 1 + i - first, now_at
            from generate_series(first, last) as i;
            appended := appended + 1 + last - first;
            return query select items[first], 'appended'::text, base + appended, sequences[last];
        end if;
        first := last + 1;
    end loop;
    update log_head set position = base + appended;
end
$$;
