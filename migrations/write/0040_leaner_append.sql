-- Names are compared byte by byte: the order of a language costs time and means nothing here.
alter table events
    alter column aggregate_type type text collate "C",
    alter column aggregate_id type text collate "C";

drop function append_events;

-- Whether, of those events of a batch that are in the log from `base` + 1 on, the `checked` ones have their predecessor before
-- them.
create function follow_on(
    base            bigint,
    checked         integer[],
    aggregate_types text[],
    aggregate_ids   text[],
    sequences       bigint[]
) returns boolean language plpgsql
-- A plan is made once and kept. Made while the log is all but empty it would read the whole log ever after: so only plans that
-- go through an index are taken into account. (The same below.)
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
    return not exists (
        select from unnest(checked) as i
        where not exists (
            select from events p
            where p.aggregate_type = aggregate_types[i] and p.aggregate_id = aggregate_ids[i]
              and p.sequence = sequences[i] - 1 and p.position < base + i));
end
$$;

-- Judges the commands of a batch one by one, as something stands in the way of one of them. The head is locked and stands at
-- `base` + the number of events.
create function append_one_by_one(
    base            bigint,
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
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    total      constant integer := cardinality(items);
    now_at     constant timestamptz := clock_timestamp();
    appended   integer := 0;
    first      integer := 1;
    last       integer;
    known      record;
    stream     text;
    refused    text[] := '{}';
    actual     bigint;
    the_same   boolean;
begin
    while first <= total loop
        last := first;
        while last < total and items[last + 1] = items[first] loop
            last := last + 1;
        end loop;
        stream := quote_literal(aggregate_types[first]) || quote_literal(aggregate_ids[first]);

        select coalesce(max(e.sequence), 0) into actual from events e
        where e.aggregate_type = aggregate_types[first] and e.aggregate_id = aggregate_ids[first];

        -- A range, so that the planner keeps the clause by which it knows the index of commands.
        select e.aggregate_type, e.aggregate_id, e.sequence, e.position into known from events e
        where e.command_id between command_ids[first] and command_ids[first] and e.event_id = e.command_id;

        if found then
            -- The very same append, which is told the same verdict again, has as many events at the same place.
            select count(*) = 1 + last - first into the_same from events e
            where e.aggregate_type = aggregate_types[first] and e.aggregate_id = aggregate_ids[first]
              and e.sequence between sequences[first] and sequences[last] + 1 and e.command_id = command_ids[first];
            if the_same and known.sequence = sequences[first] and not stream = any (refused) then
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

-- Appends the events of many commands, each command all or nothing, and gives each its own verdict.
--
-- The arrays hold one element an event; a command's events stand together and share `item`. Commands of one stream are
-- judged in order, and once one of them is refused the later ones are too, as they may have been decided on it.
--
-- `checked` names the events, counted from 1, whose predecessor may not be in the log. Who has seen a version in the log needs no
-- proof that it is there; null: nobody knows, every command is checked.
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
    command_ids     uuid[],
    checked         integer[] default null
) returns table (item integer, outcome text, at bigint, version bigint) language plpgsql as $$
declare
    base   bigint;
    now_at timestamptz;
begin
    if checked is null then
        checked := array(
            select i from generate_subscripts(items, 1) as i where event_ids[i] = command_ids[i] and sequences[i] > 1);
    end if;

    -- From here to the commit nobody else appends.
    update log_head set position = position + cardinality(items) returning position - cardinality(items) into base;
    now_at := clock_timestamp();

    begin
        insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                            event_id, command_id, position, recorded_at)
        select e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload, e.metadata,
               e.event_id, e.command_id, base + e.number, now_at
        from unnest(aggregate_types, aggregate_ids, sequences, event_types, event_versions, payloads, metadatas,
                    event_ids, command_ids) with ordinality
            as e (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                  event_id, command_id, number);
        -- A unique violation shows that a stream has moved on; that it is not yet there shows here.
        if cardinality(checked) = 0 or follow_on(base, checked, aggregate_types, aggregate_ids, sequences) then
            item := -1;
            outcome := 'appended';
            at := base;
            version := 0;
            return next;
            return;
        end if;
        raise unique_violation;
    exception when unique_violation then
        null;
    end;
    return query select * from append_one_by_one(base, items, aggregate_types, aggregate_ids, sequences, event_types,
                                                 event_versions, payloads, metadatas, event_ids, command_ids);
end
$$;
