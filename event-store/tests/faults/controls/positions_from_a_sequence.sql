-- Control: positions from a sequence, as many event stores have it, and nobody waits for anybody. Appends commit in another
-- order than that of their positions, and what is refused leaves holes.
create sequence positions;

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
    total  constant integer := cardinality(items);
    first  integer := 1;
    last   integer;
    actual bigint;
begin
    while first <= total loop
        last := first;
        while last < total and items[last + 1] = items[first] loop
            last := last + 1;
        end loop;
        begin
            insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                                event_id, command_id, position)
            select aggregate_types[i], aggregate_ids[i], sequences[i], event_types[i], event_versions[i], payloads[i],
                   metadatas[i], event_ids[i], command_ids[i], nextval('positions')
            from generate_series(first, last) as i
            where sequences[first] = 1 or exists (
                select from events e
                where e.aggregate_type = aggregate_types[first] and e.aggregate_id = aggregate_ids[first]
                  and e.sequence = sequences[first] - 1);
            if not found then
                raise unique_violation;
            end if;
            return query select items[first], 'appended'::text, currval('positions'), sequences[last];
        exception when unique_violation then
            select coalesce(max(e.sequence), 0) into actual from events e
            where e.aggregate_type = aggregate_types[first] and e.aggregate_id = aggregate_ids[first];
            return query select items[first], 'conflict'::text, 0::bigint, actual;
        end;
        first := last + 1;
    end loop;
end
$$;
