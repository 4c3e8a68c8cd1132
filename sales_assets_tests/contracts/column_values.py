"""What becomes of the text of a column: its value, and the reasons against it.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sales_assets.contracts.model import Column
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.sql import cast_column, column_rules, parsed, text_column
from sales_assets_tests.contracts.builders import Desk


def typed(tools: Desk, of: Column, texts: Sequence[str | None], select: str) -> list[Any]:
    """An expression over the text and the value of a column, for each of some texts."""
    rows = ", ".join(f"({n}, {'NULL' if t is None else literal(t)})" for n, t in enumerate(texts))
    items = ", ".join(filter(None, ["*", cast_column(of)]))
    return tools.connection.execute(
        f"SELECT {select} FROM (SELECT *, {parsed(of)} AS {quoted(of.name)} FROM (SELECT {items} "
        f"FROM (SELECT __n, CAST(t AS VARCHAR) AS {text_column(of)} "
        f"FROM (VALUES {rows}) AS v(__n, t)))) ORDER BY __n"
    ).fetchall()


def values(tools: Desk, of: Column, *texts: str | None) -> list[Any]:
    """The typed values of some texts."""
    return [value for (value,) in typed(tools, of, texts, quoted(of.name))]


def reasons(tools: Desk, of: Column, text: str | None) -> list[str]:
    """Every reason why a text is wrong."""
    select = ", ".join(f"CASE WHEN {r.broken} THEN {r.reason} END" for r in column_rules(of))
    (row,) = typed(tools, of, [text], select or "NULL")
    return [reason for reason in row if reason is not None]
