-- Secrets of accounts. What an account is stands in the log; nothing here is ever an event.

-- Who may sign in. An account without a password cannot.
create table accounts (
    account_id    uuid primary key,
    -- In lower case; unique among all accounts.
    email         text not null unique check (email = lower(email)),
    -- argon2id, as a PHC string.
    password_hash text,
    -- When it was certain that the log has the account. Null: its registration began, and may have ended before that.
    registered_at timestamptz,
    created_at    timestamptz not null default now(),
    check (registered_at is not null or password_hash is null)
);

-- Registrations that have begun, each with the password it brought. Several may race for one address: the one whose command
-- is in the log wins, and only its password becomes the account's.
create table account_registrations (
    command_id    uuid primary key,
    account_id    uuid not null references accounts on delete cascade,
    password_hash text,
    created_at    timestamptz not null default now()
);
create index account_registrations_account on account_registrations (account_id);

-- Keys that access tokens are signed with. One signs; those before it verify until their last token has expired.
create table signing_keys (
    kid         text primary key,
    algorithm   text not null check (algorithm = 'EdDSA'),
    -- PKCS #8, DER.
    private_key bytea not null,
    -- The JSON Web Key that everybody may see.
    public_jwk  json not null,
    signs       boolean not null,
    created_at  timestamptz not null default now(),
    retired_at  timestamptz,
    check (not (signs and retired_at is not null))
);
create unique index signing_keys_signs on signing_keys (signs) where signs;

-- All refresh tokens that come from one sign-in.
create table refresh_families (
    family_id  uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null default now(),
    -- Rotation does not move it: after this one signs in again.
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_as text check (revoked_as in ('signed_out', 'reused')),
    check ((revoked_at is null) = (revoked_as is null))
);
create index refresh_families_account on refresh_families (account_id);
create index refresh_families_expires_at on refresh_families (expires_at);

create table refresh_tokens (
    -- SHA-256 of the token: whoever reads this table cannot sign in with it.
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    family_id  uuid not null references refresh_families on delete cascade,
    created_at timestamptz not null default now(),
    used_at    timestamptz
);
create index refresh_tokens_family on refresh_tokens (family_id);
