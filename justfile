# Everyday commands. `just` lists them.

export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", env("XDG_CACHE_HOME", env("HOME") / ".cache") / "agrodeep/target")

_default:
    @just --list

# What CI runs: format, lints, contracts up to date, all tests; then licences and bans when cargo-deny is here.
check: test
    @if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check licenses bans sources; else echo "cargo-deny is not here: licences and bans not checked"; fi

# Format, lints, contracts up to date, all tests.
test *args:
    ./deploy/local/test {{ args }}

# Starts AgroDeep with demo accounts.
up *args:
    ./deploy/local/up {{ args }}

# Walks the main job against what `just up` started.
tour *args:
    cargo run --release --quiet -p agrodeep -- tour {{ args }}

# Measures appends, beside stock postgres-es and raw inserts.
bench *args:
    cargo run --release --quiet -p agrodeep -- bench append {{ args }}

# Line coverage of the domain.
coverage:
    ./tests/coverage --least 95
