"""What `agrodeep replay --to DIR` wrote, with DuckDB and pandas.

    python3 orders_by_day.py DIR

First compares every file with the manifest; then orders and their value by day, and how long orders took.
"""

import hashlib
import json
import pathlib
import sys

import duckdb


def check(folder):
    manifest = json.loads((folder / "_manifest.json").read_text())
    for file in manifest["files"]:
        sha256 = hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest()
        assert sha256 == file["sha256"], f"{file['path']} was changed"
    return manifest


def main(folder):
    manifest = check(folder)
    events = duckdb.read_parquet([str(folder / file["path"]) for file in manifest["files"]])
    [(count, distinct)] = duckdb.sql("select count(*), count(distinct position) from events").fetchall()
    assert count == distinct == manifest["events"]
    print(f"{count} events up to position {manifest['position']}")

    orders = duckdb.sql("""
        select cast(occurred_at as date) as day, count(*) as orders,
               sum(cast(split_part(data->>'$.total', ' ', 1) as decimal(12, 2))) as value,
               split_part(data->>'$.total', ' ', 2) as currency
        from events where type = 'OrderPlaced' group by day, currency order by day
    """).df()
    print(orders.to_string(index=False))

    took = duckdb.sql("""
        select placed.subject, delivered.occurred_at - placed.occurred_at as took
        from events placed join events delivered using (stream)
        where placed.type = 'OrderPlaced' and delivered.type = 'OrderDelivered'
    """).df()
    print(took.describe().to_string() if len(took) else "no order was delivered yet")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
