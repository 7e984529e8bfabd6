-- What was bought together, for recommendations; and how often, for popularity.

-- One row an order. Written when it is placed, and once or twice later: when it is confirmed, and should it be cancelled.
create table baskets (
    order_id  uuid        primary key,
    buyer_id  uuid        not null,
    -- Each product once.
    products  uuid[]      not null,
    -- placed | bought | cancelled
    status    text        not null,
    placed_at timestamptz not null
);

create index baskets_by_buyer on baskets (buyer_id, placed_at desc) where status = 'bought';

-- The baskets that were bought by what is in them: the latest ones of a product are read from the index alone.
create table purchases (
    product_id uuid        not null,
    placed_at  timestamptz not null,
    order_id   uuid        not null,
    primary key (product_id, placed_at, order_id)
);

-- In how many baskets that were bought a product is. Every product that was ever offered has a row.
create table popularity (
    product_id uuid   primary key,
    orders     bigint not null
) with (fillfactor = 80);

create index popularity_by_orders on popularity (orders desc, product_id desc);
