"""Rows of Python values as Parquet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from sales_assets.resources.parquet_rows import write_rows

COLUMNS = (
    ("a", "VARCHAR"),
    ("b", "BIGINT"),
    ("c", "BOOLEAN"),
    ("d", "DATE"),
    ("e", "TIMESTAMP"),
    ("f", "DECIMAL(38, 4)"),
)
MOMENT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None)
FULL = ("é", 2**60, True, date(2024, 1, 2), MOMENT, Decimal("1" * 34 + ".2345"))
EMPTY = (None,) * 6


def test_every_type_is_kept_over_chunks_with_what_is_unknown(tmp_path: Path) -> None:
    write_rows(tmp_path / "f.parquet", COLUMNS, [[FULL, EMPTY], [EMPTY]], {})
    rows = pq.read_table(tmp_path / "f.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == [FULL, EMPTY, EMPTY]
