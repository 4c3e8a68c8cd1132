"""Daily CSVs of sales, the same on every machine.

    python -m benchmarks.generate FOLDER --days 365 --rows 1000

With `--european` the same sales as a spreadsheet in Germany exports them: Windows-1252, semicolons
and decimal commas.

About one line in a hundred breaks a rule: a bad number, a blank time, an unknown currency or a
missing order. Prints the lines, the accepted ones and their exact amount as JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import duckdb

HEADER = "order_id,order_ts,sku,category,store,customer_id,quantity,unit_price,discount,currency"
FIRST_DAY = "2024-01-01"

_LINES = """
SELECT day, n,
    CASE WHEN bad = 3 THEN '' ELSE 'o' || (day * 1000000 + n // 3) END AS order_id,
    CASE WHEN bad = 1 THEN '' ELSE strftime(
        DATE '2024-01-01' + to_days(day) + to_seconds((n * 7919) % 86400), '%Y-%m-%d %H:%M:%S'
    ) END AS order_ts,
    'sku' || (n * 31 + day) % 500 AS sku,
    'category ' || (n * 31 + day) % 500 % 12 AS category,
    '{store} ' || (n % 40) AS store,
    CASE WHEN n % 9 = 0 THEN '' ELSE 'c' || (n * 17 + day * 13) % 5000 END AS customer_id,
    CASE WHEN bad = 0 THEN 'many' ELSE (1 + n % 5)::VARCHAR END AS quantity,
    ((100 + (n * 37 + day * 11) % 9900) / 100)::DECIMAL(18,2)::VARCHAR AS unit_price,
    ((n % 4) * 25 / 100)::DECIMAL(18,2)::VARCHAR AS discount,
    CASE WHEN bad = 2 THEN 'XXX1' ELSE 'EUR' END AS currency,
    bad
FROM (
    SELECT day, n, CASE WHEN (n * 7 + day) % 101 = 0 THEN (n + day) % 4 ELSE 9 END AS bad
    FROM range({first}, {end}) AS d (day), range({rows}) AS r (n)
)
"""


def generate(folder: Path, days: int, rows: int, *, european: bool = False) -> dict[str, object]:
    """Write `sales_YYYY-MM-DD.csv` for each day; return what a right reader finds in them."""
    folder.mkdir(parents=True, exist_ok=True)
    store, delimiter = ("Größe", ";") if european else ("store", ",")
    columns = HEADER
    for name in ("unit_price", "discount") if european else ():
        columns = columns.replace(name, f"replace({name}, '.', ',') AS {name}")
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        for day in range(days):
            lines = _LINES.format(first=day, end=day + 1, rows=rows, store=store)
            [(name,)] = connection.execute(
                f"SELECT strftime(DATE '{FIRST_DAY}' + to_days({day}), '%Y-%m-%d')"
            ).fetchall()
            file = folder / f"sales_{name}.csv"
            connection.execute(
                f"COPY (SELECT {columns} FROM ({lines}) ORDER BY n) "
                f"TO '{file}' (HEADER, DELIMITER '{delimiter}', NULLSTR '', QUOTE '')"
            )
            if european:
                _encode(file)
        [(total, accepted, amount)] = connection.execute(
            "SELECT count(*), count(*) FILTER (bad = 9), sum(TRY_CAST(quantity AS INTEGER) * "
            "unit_price::DECIMAL(18,4) - discount::DECIMAL(18,4)) FILTER (bad = 9) "
            f"FROM ({_LINES.format(first=0, end=days, rows=rows, store=store)})"
        ).fetchall()
    return {
        "lines": total,
        "accepted": accepted,
        "rejected": total - accepted,
        "amount": str(amount),
    }


def _encode(file: Path) -> None:
    """Turn a file from UTF-8 into Windows-1252."""
    unfinished = file.with_suffix(".new")
    with (
        file.open(encoding="utf-8", newline="") as text,
        unfinished.open("w", encoding="windows-1252", newline="") as encoded,
    ):
        shutil.copyfileobj(text, encoded, 1 << 20)
    unfinished.replace(file)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--european", action="store_true")
    options = parser.parse_args()
    found = generate(options.folder, options.days, options.rows, european=options.european)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
