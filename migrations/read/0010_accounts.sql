-- Profiles. Personal data lives here and nowhere else on the read side but in the addresses of orders and deliveries.
create table accounts (
    account_id    uuid        primary key,
    role          text        not null,
    email         text        not null,
    first_name    text        not null,
    last_name     text        not null,
    phone         text,
    company       text,
    version       bigint      not null,
    registered_at timestamptz not null,
    updated_at    timestamptz not null
);
