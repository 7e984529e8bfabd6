-- Room on each page, so that stock can change in place without touching an index.
create table products (
    product_id         uuid          primary key,
    producer_id        uuid          not null,
    name               jsonb         not null,
    description        jsonb,
    category_id        text          not null,
    unit               text          not null,
    images             text[]        not null,
    tags               text[]        not null,
    is_organic         boolean       not null,
    is_fair_trade      boolean       not null,
    qr_code_data       text,
    price              numeric(12,2) not null,
    currency           text          not null,
    stock_quantity     numeric(15,3) not null,
    held_quantity      numeric(15,3) not null,
    available_quantity numeric(15,3) not null generated always as (stock_quantity - held_quantity) stored,
    -- Whether it is still offered.
    is_active          boolean       not null,
    version            bigint        not null,
    created_at         timestamptz   not null,
    updated_at         timestamptz   not null
) with (fillfactor = 80);

-- What the list filters and sorts by; only what is offered is ever listed.
create index products_by_price on products (price, product_id) where is_active;
create index products_by_age on products (created_at desc, product_id desc) where is_active;
create index products_by_category on products (category_id, price, product_id) where is_active;
create index products_by_producer on products (producer_id, created_at desc, product_id desc) where is_active;
