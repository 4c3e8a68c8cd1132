"""Days divided into what is done at a time.

Belongs here: that rule. Does not: what is done with a chunk (`staging_area`, `assets.revenue`), or
parts for several workers (`assets.staged_in_parts`).

Each chunk costs an engine, a transaction and a checkpoint, whatever is in it, and what it holds is
lost to a kill and kept in memory. So small days are put together, and large ones are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from sales_assets.resources.manifests import Manifest

CHUNK_LINES = 500_000
"""Lines of a chunk of several days: two or three seconds of work. DuckDB's partitioned COPY writes
a file for each day as long as it holds all rows back, which it does up to 524,288 of them
(partitioned_write_flush_threshold)."""
CHUNK_DAYS = 100
"""Days of a chunk: of more, DuckDB's partitioned COPY may close the file of one before it has all
of its rows, and write the others to a second (partitioned_write_max_open_files)."""


def chunks(
    days: Iterable[date], manifests: Mapping[date, Manifest], at_most: int
) -> Iterator[list[date]]:
    """The days in order, so many at most at a time, and together of at most CHUNK_LINES lines.

    Never more than CHUNK_DAYS; a day with more lines is a chunk of its own.
    """
    at_most = min(at_most, CHUNK_DAYS)
    chunk: list[date] = []
    lines = 0
    for day in sorted(days):
        more = sum(entry.lines for entry in manifests[day])
        if chunk and (len(chunk) == at_most or lines + more > CHUNK_LINES):
            yield chunk
            chunk, lines = [], 0
        chunk.append(day)
        lines += more
    if chunk:
        yield chunk
