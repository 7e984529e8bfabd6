-- Control: in all as it must be, but a command that comes again is not recognised.
drop index events_command;

create or replace function append_events(
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
    total    constant integer := cardinality(items);
    base     bigint;
    appended integer := 0;
    first    integer := 1;
    last     integer;
    actual   bigint;
begin
    select position into base from log_head for update;
    while first <= total loop
        last := first;
        while last < total and items[last + 1] = items[first] loop
            last := last + 1;
        end loop;
        select coalesce(max(e.sequence), 0) into actual from events e
        where e.aggregate_type = aggregate_types[first] and e.aggregate_id = aggregate_ids[first];
        if sequences[first] <> actual + 1 then
            return query select items[first], 'conflict'::text, 0::bigint, actual;
        else
            insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                                event_id, command_id, position)
            select aggregate_types[i], aggregate_ids[i], sequences[i], event_types[i], event_versions[i], payloads[i],
                   metadatas[i], event_ids[i], command_ids[i], base + appended + 1 + i - first
            from generate_series(first, last) as i;
            appended := appended + 1 + last - first;
            return query select items[first], 'appended'::text, base + appended, sequences[last];
        end if;
        first := last + 1;
    end loop;
    update log_head set position = base + appended;
end
$$;
