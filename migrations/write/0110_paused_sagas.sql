-- Fulfilments that a person has paused, and steps that are not done as a person has paused them for all orders.

alter table order_fulfilments add column paused boolean not null default false;

-- What would be done, but for a step that is paused: whom to wake once it is resumed. Like all rows here it follows from the
-- fulfilment's events.
create table order_fulfilments_held_back (
    step     text not null,
    order_id uuid not null,
    primary key (step, order_id)
);
create index order_fulfilments_held_back_order on order_fulfilments_held_back (order_id);
