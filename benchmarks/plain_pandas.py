"""The plain script: the same job as an analyst writes it, one day after the other in pandas.

    python -m benchmarks.plain_pandas FOLDER WORK

Each day's CSV is read as text, typed and judged with all reasons, written to two Parquet files and
loaded into DuckDB, where the day is replaced. The models are those of the lower bound: this script
differs in how lines become rows. Money is decimal, by Arrow's type. Prints lines, rejected lines
and revenue as JSON.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.lower_bound import build_marts

CURRENCIES = ("EUR", "USD", "GBP")
REQUIRED = ("order_id", "sku", "category", "store")
MONEY, COUNT = pa.decimal128(18, 4), pa.decimal128(9, 0)

ACCEPTED = pa.schema(
    {
        "source": pa.string(),
        "partition_date": pa.date32(),
        "order_id": pa.string(),
        "line_number": pa.int64(),
        "order_date": pa.date32(),
        "ordered_at": pa.timestamp("us"),
        "product": pa.string(),
        "category": pa.string(),
        "customer_id": pa.string(),
        "region": pa.string(),
        "quantity": MONEY,
        "unit_price": MONEY,
        "amount": MONEY,
        "net_amount": MONEY,
        "currency": pa.string(),
        "kind": pa.string(),
        "file": pa.string(),
        "file_sha256": pa.string(),
        "line": pa.int64(),
    }
)
REJECTED = pa.schema(
    {
        "source": pa.string(),
        "partition_date": pa.date32(),
        "file": pa.string(),
        "file_sha256": pa.string(),
        "line": pa.int64(),
        "text": pa.string(),
        "reasons": pa.list_(pa.string()),
    }
)


def decimals(text: pd.Series[str], kind: pa.DataType) -> pd.Series[Any]:
    """Text as decimal numbers, and nothing where it is none."""
    digits, places = kind.precision - kind.scale, kind.scale
    number = rf"[+-]?\d{{1,{digits}}}(?:\.\d{{0,{places}}}0*)?"
    return text.where(text.str.fullmatch(number)).astype(pd.ArrowDtype(kind))


def read_day(path: Path) -> pd.DataFrame:
    """A day's lines as text, typed beside it, with the reasons of those that are wrong."""
    lines = pd.read_csv(path, dtype=str, keep_default_na=False)
    day = date.fromisoformat(path.stem.removeprefix("sales_"))
    ordered_at = pd.to_datetime(lines["order_ts"], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    units = decimals(lines["quantity"], COUNT)
    price, discount = decimals(lines["unit_price"], MONEY), decimals(lines["discount"], MONEY)
    wrong = {
        **{f"{name}: is required and blank": lines[name] == "" for name in REQUIRED},
        "order_ts: is no time": ordered_at.isna(),
        "order_ts: outside of the day": ordered_at.notna() & (ordered_at.dt.date != day),
        "quantity: is no number of at least 1": ~(units >= 1).fillna(value=False).astype(bool),
        "unit_price: is no number": price.isna(),
        "discount: is no number": discount.isna(),
        "currency: is not allowed": ~lines["currency"].isin(CURRENCIES),
    }
    reasons: pd.Series[Any] = pd.Series(
        [[] for _ in range(len(lines))], index=lines.index, dtype=object
    )
    for reason, is_wrong in wrong.items():
        for index in lines.index[is_wrong]:
            reasons[index].append(reason)
    amount = units * price - discount
    return lines.assign(
        source="benchmark/sales",
        partition_date=day,
        line_number=None,
        order_date=ordered_at.dt.date,
        ordered_at=ordered_at,
        product=lines["sku"],
        customer_id=lines["customer_id"].replace("", None),
        region=lines["store"],
        text=pd.Series(
            {row: ",".join(cells) for row, *cells in lines[reasons.astype(bool)].itertuples()},
            dtype=object,
        ),
        quantity=units,
        unit_price=price,
        amount=amount,
        net_amount=amount,
        kind="sale",
        file=path.name,
        file_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        line=lines.index + 2,
        reasons=reasons,
    )


def load_day(connection: duckdb.DuckDBPyConnection, lines: pd.DataFrame, folder: Path) -> None:
    """Write a day's Parquet files and replace the day in the warehouse."""
    day = lines["partition_date"].iloc[0]
    is_good = lines["reasons"].str.len() == 0
    connection.execute("BEGIN")
    for table, some, schema in (
        ("revenue", lines[is_good], ACCEPTED),
        ("rejected", lines[~is_good], REJECTED),
    ):
        rows = pa.Table.from_pandas(some[schema.names], schema=schema, preserve_index=False)
        pq.write_table(rows, folder / f"{table}_{day}.parquet", compression="zstd")
        connection.register("rows", rows)
        connection.execute(f"DELETE FROM {table} WHERE partition_date = ?", [day])
        connection.execute(f"INSERT INTO {table} SELECT * FROM rows")
        connection.unregister("rows")
    connection.execute("COMMIT")


def run(folder: Path, work: Path) -> dict[str, object]:
    """Do the whole job in `work`, which is emptied first."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "staged").mkdir(parents=True)
    with duckdb.connect(str(work / "warehouse.duckdb")) as connection:
        for table, schema in (("revenue", ACCEPTED), ("rejected", REJECTED)):
            connection.register("rows", schema.empty_table())
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM rows")
        for path in sorted(folder.glob("*.csv")):
            load_day(connection, read_day(path), work / "staged")
        build_marts(connection)
        [(lines, rejected, amount)] = connection.execute(
            "SELECT (SELECT count(*) FROM revenue) + (SELECT count(*) FROM rejected), "
            "(SELECT count(*) FROM rejected), (SELECT sum(net_revenue) FROM daily_revenue)"
        ).fetchall()
    return {"lines": lines, "rejected": rejected, "amount": str(amount)}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]))))
