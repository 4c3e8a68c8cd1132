"""Printing the rows of a query: as a table, CSV or JSON.

Belongs here: formats. Does not: running the query (`resources.warehouse`), or what is done to the
texts of a CSV (`csv_text`). Decimals are printed exactly, with all their digits; times in ISO 8601.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sales_assets.csv_text import write_csv


def print_rows(
    console: Console,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    form: str,
    *,
    raw: bool = False,
) -> None:
    """Print rows in one of the forms `table`, `csv` and `json`; `raw` is CSV's (see `csv_text`)."""
    if form == "csv":
        write_csv(console.file, names, [[_text(value) for value in row] for row in rows], raw=raw)
    elif form == "json":
        records = [dict(zip(names, row, strict=True)) for row in rows]
        console.file.write(json.dumps(records, default=_json, indent=2, ensure_ascii=False) + "\n")
    else:
        table = Table()
        for name in names:
            table.add_column(escape(name), overflow="fold")
        for row in rows:
            table.add_row(*(escape(_text(value)) for value in row))
        console.print(table)
        console.print(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}")


def _text(value: Any) -> str:
    written = _json(value) if isinstance(value, datetime | Decimal) else value
    return "" if value is None else str(written)


def _json(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"  # as str, a zero of ten decimals is 0E-10
    return str(value)
