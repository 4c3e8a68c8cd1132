"""The audit log as a file, which anybody with the key can verify without the database.

Belongs here: writing rows as JSON lines, and reading them. Does not: the chain (`verify`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from sales_assets.errors import UsageError
from sales_assets.platform.audit.rows import FIELDS, NOTHING, Head, Row
from sales_assets.resources.files import whole


def export(rows: Iterable[Row], file: Path) -> Head:
    """Write a line for each row; the file appears complete or not at all. Gives the last row."""
    last = NOTHING
    with whole(file) as unfinished, unfinished.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows:
            lines.write(json.dumps(asdict(row), ensure_ascii=True) + "\n")
            last = Head(row.number, row.hash)
    return last


def read(file: Path) -> Iterator[Row]:
    """The rows of a file.

    Raises UsageError for one that is no export, naming the line.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield _row(file, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); name an export") from error


def _row(file: Path, number: int, line: str) -> Row:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if (
        not isinstance(fields, dict)
        or fields.keys() != set(FIELDS)
        or not isinstance(fields["number"], int)
        or not all(isinstance(value, str | int | None) for value in fields.values())
    ):
        raise UsageError(
            f"{file}: line {number} is no row of an audit log; name a file that `sales-assets "
            "audit export` wrote"
        )
    return Row(**fields)
