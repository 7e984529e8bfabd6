-- On which day an order is delivered, and when a producer hands over at all.

-- What was agreed on when the order was placed. Older orders have nothing of the kind.
alter table orders add column agreed_delivery jsonb;

alter table accounts add column delivery_terms jsonb;

-- From when until when, in place of the day alone: which was all of it, in UTC.
alter table deliveries add column window_from timestamptz, add column window_until timestamptz;
update deliveries set window_from = preferred_date::timestamp at time zone 'UTC',
                      window_until = (preferred_date + 1)::timestamp at time zone 'UTC'
where preferred_date is not null;
alter table deliveries drop column preferred_date;
