"""What the two readers of whole files give of each line.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

from typing import Any

from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reader import DropFile, fast_lines
from sales_assets_tests.contracts.builders import Desk, column, contract

ABC = contract([column("a"), column("b"), column("c")])
HEADER = b"a,b,c\n"
GOOD = b"1,2,3\n"

Row = tuple[Any, ...]


def fast(tools: Desk, contract: SourceContract, *files: DropFile) -> list[Row]:
    """(file, line, why malformed, its text, fields...) as DuckDB reads them."""
    return sorted(tools.connection.execute(fast_lines(contract, files)).fetchall())


def copied(
    tools: Desk, contract: SourceContract, *files: DropFile, every_line: bool = False
) -> list[Row]:
    """The same from scratch copies of the files, numbered in Python."""
    with tools.stager._reader.lines(contract, [], files, every_line=every_line) as lines:
        names = ["file_no", "line", "malformed", "malformed_text"]
        names += [f'"{column.name}__text"' for column in contract.columns]
        return sorted(
            tools.connection.execute(f"SELECT {', '.join(names)} FROM {lines}").fetchall()
        )


def careful(tools: Desk, contract: SourceContract, *files: DropFile) -> list[Row]:
    """The same with every line looked at by itself."""
    return copied(tools, contract, *files, every_line=True)
