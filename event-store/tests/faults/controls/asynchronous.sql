-- Control: the verdict comes before the disk has it.
alter function append_events rename to append_events_durably;

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
begin
    perform set_config('synchronous_commit', 'off', true);
    return query select * from append_events_durably(items, aggregate_types, aggregate_ids, sequences, event_types,
        event_versions, payloads, metadatas, event_ids, command_ids, checked);
end
$$;
