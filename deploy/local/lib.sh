# shellcheck shell=bash disable=SC2034
# What `up` and `test` share. Sourced, with `set -euo pipefail` on.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

# One place for what is built, outside the checkout: clones and work trees of one person share it.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/agrodeep/target}"

say() {
    printf '==> %s\n' "$*" >&2
}

fail() {
    printf 'agrodeep: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo: as root, run: $*"
    fi
}

has_compiler() {
    command -v cc >/dev/null && [[ -e /usr/include/stdio.h ]]
}

# The server's own program; the client alone is not enough. Version 15 or newer.
has_postgres() {
    [[ -n "${DATABASE_URL:-}" || -n "${AGRODEEP_POSTGRES_BIN_DIR:-}" ]] && return 0
    local postgres version
    for postgres in /usr/lib/postgresql/*/bin/postgres; do
        version="${postgres#/usr/lib/postgresql/}"
        version="${version%%/*}"
        [[ -x $postgres && $version -ge 15 ]] && return 0
    done
    return 1
}

has_venv() {
    python3 -c 'import ensurepip, venv' 2>/dev/null
}

# Installs Debian packages. Installing PostgreSQL would also create a cluster and start it: AgroDeep starts a private one
# of its own, so a cluster that nobody asked for is kept from being made. The setting is taken back afterwards.
install_packages() {
    command -v apt-get >/dev/null || fail "please install by hand (no apt-get here): $*"
    say "installing $*"
    local no_cluster=/etc/postgresql-common/createcluster.d/agrodeep.conf
    as_root mkdir -p "${no_cluster%/*}"
    printf 'create_main_cluster = false\n' | as_root tee "$no_cluster" >/dev/null
    local failed=0
    {
        as_root apt-get update -q &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
    } >&2 || failed=1
    as_root rm -f "$no_cluster"
    [[ $failed -eq 0 ]] || fail "could not install: $*"
}

# ensure_packages compiler postgres venv …: installs those of them that are missing.
ensure_packages() {
    local want missing=()
    for want in "$@"; do
        case $want in
            compiler) has_compiler || missing+=(gcc libc6-dev) ;;
            postgres) has_postgres || missing+=(postgresql) ;;
            venv) has_venv || missing+=(python3-venv) ;;
            *) fail "ensure_packages does not know $want" ;;
        esac
    done
    [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
}

ensure_rust() {
    if ! command -v cargo >/dev/null && [[ -f "$HOME/.cargo/env" ]]; then
        # shellcheck source=/dev/null
        . "$HOME/.cargo/env"
    fi
    command -v cargo >/dev/null || fail "cargo is not here: install Rust 1.95 or newer first"
    local part
    for part in "$@"; do
        cargo "$part" --version >/dev/null 2>&1 && continue
        command -v rustup >/dev/null || fail "cargo $part is not here: install it beside cargo"
        rustup component add "${part/fmt/rustfmt}" >&2
    done
}

# What analysts read files with, in a place of its own: $PYTHON has duckdb, pandas and pyarrow afterwards. Tests find it there.
ensure_python() {
    ensure_packages venv
    local place="${XDG_CACHE_HOME:-$HOME/.cache}/agrodeep/python"
    export PYTHON="$place/bin/python"
    "$PYTHON" -c 'import duckdb, pandas, pyarrow' 2>/dev/null && return 0
    say "getting duckdb, pandas and pyarrow"
    rm -rf "$place"
    python3 -m venv "$place"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check duckdb pandas pyarrow >&2
}
