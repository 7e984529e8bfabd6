#!/usr/bin/env python3
"""Works out with pandas, from the parquet files alone, what `agrodeep import complete-journey` must have brought in, and
compares: with the import's own summary (--summary), and with the log and the read models (--database-url).

Ends with status 1 when a single figure differs. The rules are those of docs/importing.md; nothing here is taken from the
import's code. Needs pandas and pyarrow; psql for --database-url.
"""

import argparse
import json
import pathlib
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd

CENT = Decimal("0.01")
FIGURES = ["products", "orders", "lines", "quantity", "revenue", "currency"]


def price(median: float) -> Decimal:
    """The shortest decimal form of a binary64 (which is what repr gives), rounded half-even to cents, at least one cent."""
    return max(Decimal(repr(float(median))).quantize(CENT, ROUND_HALF_EVEN), CENT)


def expected(folder: pathlib.Path, department: str | None, baskets: int | None) -> dict:
    products = pd.read_parquet(folder / "products.parquet", columns=["product_id", "department"])
    columns = ["household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
    lines = pd.read_parquet(folder / "transactions.parquet", columns=columns)

    kept = lines[lines.quantity.between(1, 100) & (lines.sales_value > 0)]
    paid_for_one = kept.sales_value / kept.quantity
    prices = paid_for_one.groupby(kept.product_id).median().map(price)

    if department is not None:
        kept = kept[kept.product_id.isin(products.product_id[products.department == department])]
    first_lines = kept.groupby("basket_id", as_index=False).transaction_timestamp.min()
    chosen = first_lines.sort_values(["transaction_timestamp", "basket_id"]).basket_id
    if baskets is not None:
        chosen = chosen.head(baskets)
    kept = kept[kept.basket_id.isin(chosen)]

    order_lines = kept.groupby(["basket_id", "product_id"], as_index=False).quantity.sum()
    totals = (
        prices[product_id] * int(quantity)
        for product_id, quantity in zip(order_lines.product_id, order_lines.quantity)
    )
    return {
        "products": int(order_lines.product_id.nunique()),
        "orders": int(order_lines.basket_id.nunique()),
        "lines": len(order_lines),
        "quantity": Decimal(int(order_lines.quantity.sum())),
        "revenue": sum(totals, Decimal(0)),
        "currency": "USD",
    }


# What the log says was placed and delivered. Amounts are texts such as "13.50 USD".
OF_THE_LOG = """
with placed as (
    select aggregate_id, payload -> 'OrderPlaced' as it from events
    where aggregate_type = 'order' and event_type = 'OrderPlaced' and payload -> 'OrderPlaced' ->> 'conductor' = 'import'
      and exists (select from events d where d.aggregate_type = 'order' and d.aggregate_id = events.aggregate_id
                  and d.event_type = 'OrderDelivered')
), line as (
    select l ->> 'product_id' as product, (l ->> 'quantity')::numeric as quantity
    from placed, json_array_elements(it -> 'lines') as l
)
select json_build_object(
    'products', (select count(distinct product) from line),
    'orders', (select count(*) from placed),
    'lines', (select count(*) from line),
    'quantity', (select coalesce(sum(quantity), 0)::text from line),
    'revenue', (select coalesce(sum(split_part(it ->> 'total', ' ', 1)::numeric), 0)::text from placed),
    'currency', (select string_agg(distinct split_part(it ->> 'total', ' ', 2), ',') from placed))
"""

OF_THE_READ_MODELS = """
with imported as (
    select * from read_models.orders where conductor = 'import' and status = 'delivered' and payment_status = 'captured'
), line as (
    select i.* from read_models.order_items i join imported using (order_id)
)
select json_build_object(
    'products', (select count(distinct product_id) from line),
    'orders', (select count(*) from imported),
    'lines', (select count(*) from line),
    'quantity', (select coalesce(sum(quantity), 0)::text from line),
    'revenue', (select coalesce(sum(total), 0)::text from imported),
    'currency', (select string_agg(distinct currency, ',') from imported))
"""

# Products of the import that are not sold out, or of which something is still held.
NOT_SOLD_OUT = """
select count(*) from read_models.products p
where (p.stock_quantity <> 0 or p.held_quantity <> 0)
  and exists (select from read_models.order_items i join read_models.orders o using (order_id)
              where i.product_id = p.product_id and o.conductor = 'import')
"""

# Orders of the import that were begun and are not where they should be.
NOT_DELIVERED = "select count(*) from read_models.orders where conductor = 'import' and status <> 'delivered'"

BEHIND = """
select (select position from log_head) - min(position) from read_models.checkpoints
"""


def ask(database_url: str, query: str) -> str:
    command = ["psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-d", database_url, "-c", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def figures(text: str) -> dict:
    found = json.loads(text, parse_float=Decimal)
    return {**found, "quantity": Decimal(found["quantity"]), "revenue": Decimal(found["revenue"])}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--from", dest="folder", type=pathlib.Path, required=True, help="the folder of the parquet files")
    parser.add_argument("--department")
    parser.add_argument("--baskets", type=int)
    parser.add_argument("--summary", type=pathlib.Path, help="what the import printed with --json")
    parser.add_argument("--database-url", help="where the log and the read models are, for psql")
    options = parser.parse_args()

    columns = {"pandas": expected(options.folder, options.department, options.baskets)}
    must_be_zero = {}
    if options.summary:
        columns["summary"] = figures(options.summary.read_text())
    if options.database_url:
        columns["log"] = figures(ask(options.database_url, OF_THE_LOG))
        columns["read models"] = figures(ask(options.database_url, OF_THE_READ_MODELS))
        must_be_zero = {
            "events that the read models are behind": int(ask(options.database_url, BEHIND)),
            "imported products with stock or holds": int(ask(options.database_url, NOT_SOLD_OUT)),
            "imported orders that are not delivered": int(ask(options.database_url, NOT_DELIVERED)),
        }

    print("".join(f"{name:>16}" for name in ["", *columns]))
    differences = 0
    for figure in FIGURES:
        values = [column[figure] for column in columns.values()]
        same = all(value == values[0] for value in values)
        differences += not same
        # `+ 0` drops the sign of zero; normalised, 17999.000 and 17999 look the same.
        shown = [f"{value.normalize() + 0:f}" if isinstance(value, Decimal) else str(value) for value in values]
        print(f"{figure:>16}" + "".join(f"{text:>16}" for text in shown) + ("" if same else "   DIFFERENT"))
    for what, count in must_be_zero.items():
        differences += count != 0
        print(f"{count:>8} {what}" + ("" if count == 0 else "   MUST BE 0"))
    if differences:
        print(f"{differences} differences", file=sys.stderr)
        return 1
    print("all figures agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
