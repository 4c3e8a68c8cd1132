"""The query that counts a drop's lines by their day, where a column says it.

Belongs here: that query. Does not: judging the lines (`judging`), or running it (`staging`).
"""

from __future__ import annotations

from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.quoting import quoted
from sales_assets.contracts.sql import cast_column, contradiction, parsed, text_column


def day_index_query(contract: SourceContract, lines: str) -> str:
    """Count the lines of each day in the relation `lines`.

    Result: day (DATE or NULL), lines (BIGINT), and the first line whose day fits only with day and
    month exchanged, as {line, text}, or NULL.
    """
    if not isinstance(contract.day, DayFromColumn):
        raise TypeError(f"{contract.name}: the file's name says its day")
    column = contract.column(contract.day.column)
    text = text_column(column)
    items = ", ".join(filter(None, ["line", text, cast_column(column)]))
    exchanged = contradiction(column)
    first = (
        f"min_by({{'line': line, 'text': {text}}}, line) FILTER (exchanged)"
        if exchanged
        else "CAST(NULL AS STRUCT(line BIGINT, text VARCHAR))"
    )
    return (
        f"SELECT CAST({quoted(column.name)} AS DATE) AS day, count(*) AS lines, {first} AS wrong "
        f"FROM (SELECT *, {exchanged or 'false'} AS exchanged FROM ("
        f"SELECT *, {parsed(column)} AS {quoted(column.name)} FROM (SELECT {items} FROM {lines})"
        ")) GROUP BY day ORDER BY day"
    )
