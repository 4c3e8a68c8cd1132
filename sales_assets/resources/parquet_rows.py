"""Rows of Python values as a Parquet file.

Belongs here: types and values in Arrow's terms, for a warehouse that writes no Parquet of its own
on this machine. Does not: asking for the rows (`snowflake_session`).

pyarrow is imported inside functions: it takes longer to import than a small table to write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.resources.session import Columns, Row

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 50_000
"""Rows of a chunk: some 30 MB of Python values in a mart's columns."""


def write_rows(
    file: Path, columns: Columns, chunks: Iterable[Sequence[Row]], about: Mapping[str, str]
) -> None:
    """Write chunks of rows, whose columns have types in ANSI terms; `about` is metadata."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    fields = [pa.field(name, _arrow(sql_type)) for name, sql_type in columns]
    schema = pa.schema(fields, metadata=dict(about))
    with ParquetWriter(file, schema) as writer:
        for rows in chunks:
            values = zip(*rows, strict=True)
            arrays = [
                pa.array(list(of), field.type) for of, field in zip(values, fields, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _arrow(sql_type: str) -> pa.DataType:
    import pyarrow as pa

    decimal = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", sql_type.lower())
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return {
        "varchar": pa.string(),
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[sql_type.lower()]
