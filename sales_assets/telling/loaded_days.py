"""What days that are loaded tell, read from the warehouse for many of them at once.

Belongs here: those questions, and the metadata of the assets `revenue` and `rejected`. Does not:
loading (`assets.revenue`), or how a figure, table or picture is written (the modules beside).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from sales_assets.contracts.figures import FIGURES, Figures, in_currency
from sales_assets.contracts.preview import ACCEPTED, REJECTED, Preview, by_day, first_lines
from sales_assets.contracts.quoting import literal
from sales_assets.report.data import RULE
from sales_assets.report.reasons import rule_of
from sales_assets.resources.session import Row
from sales_assets.resources.warehouse import LoadedDay, Warehouse
from sales_assets.telling.numbers import Told, figures_told, lines_told, totals_told
from sales_assets.telling.tables import accepted_preview, reasons_told, rejected_preview

ORDERS_UP_TO = 50_000
"""Lines of a chunk whose orders are counted: to tell distinct ones apart takes as long as all the
other figures, and memory. Of larger chunks `daily_revenue` tells them."""

Rules = Sequence[tuple[str | None, str, int]]
"""Column, rule and number of lines, the most frequent first."""


class LoadedDays:
    """Some days of a source: their counts and sums, and what the warehouse is asked besides."""

    def __init__(self, source: str, days: Iterable[LoadedDay]) -> None:
        self._source, self._days = source, list(days)
        self._figures: dict[date, Figures] = {}
        self._rules: dict[date, Rules] = {}
        self._first: dict[date, Preview] = {}
        self._wrong: dict[date, Preview] = {}

    def __str__(self) -> str:
        """The source and its days."""
        days = sorted(day.day for day in self._days)
        return f"{self._source}, {days[0]} to {days[-1]}" if days else self._source

    def ask(self, warehouse: Warehouse, previewed: Collection[date]) -> None:
        """Ask by one statement each for figures, reasons and previews, which `previewed` get."""
        accepted = {day.day for day in self._days if day.accepted}
        rejected = {day.day for day in self._days if day.rejected}
        with_orders = sum(day.lines for day in self._days) <= ORDERS_UP_TO
        figures, rules, first, wrong = _ask(
            warehouse,
            figures_query(self._source, accepted, with_orders=with_orders),
            rules_query(warehouse, self._source, rejected),
            _preview_query(self._source, "revenue", ACCEPTED, accepted & set(previewed)),
            _preview_query(self._source, "rejected", REJECTED, rejected & set(previewed)),
        )
        self._figures = _figures(figures)
        self._rules = rules_of(rules)
        self._first, self._wrong = by_day(first), by_day(wrong)

    def accepted(self) -> list[tuple[date, Told]]:
        """What `revenue` tells of each day."""
        return [
            (
                day.day,
                {
                    "dagster/partition_row_count": day.accepted,
                    **lines_told(day.lines, day.accepted, day.rejected),
                    **totals_told(day.accepted, day.amount, day.net_amount, figures),
                    **figures_told(figures),
                    **accepted_preview(self._first.get(day.day, ())),
                },
            )
            for day in self._days
            for figures in [self._figures.get(day.day, ())]
        ]

    def rejected(self) -> list[tuple[date, Told]]:
        """What `rejected` tells of each day."""
        return [
            (
                day.day,
                {
                    "dagster/partition_row_count": day.rejected,
                    **lines_told(day.lines, day.accepted, day.rejected),
                    **reasons_told(self._rules.get(day.day, ())),
                    **rejected_preview(self._wrong.get(day.day, ())),
                },
            )
            for day in self._days
        ]


def figures_query(source: str, days: Collection[date], *, with_orders: bool) -> str:
    """What finds the figures of some days; nothing for none, as with the queries below."""
    if not days:
        return ""
    orders = ", count(DISTINCT order_id)" if with_orders else ""
    return (
        f"SELECT partition_date, {FIGURES}{orders} FROM main.revenue WHERE {_these(source, days)} "
        "GROUP BY partition_date, currency ORDER BY 1, 2"
    )


def rules_query(warehouse: Warehouse, source: str, days: Collection[date]) -> str:
    """What counts the reasons why lines of some days were rejected, without refused values."""
    if not days:
        return ""
    return warehouse.in_dialect(
        "SELECT partition_date, name, count(*) FROM ("
        f"SELECT DISTINCT partition_date, file, line, {RULE} AS name FROM main.rejected "
        f"CROSS JOIN UNNEST(reasons) AS broken (reason) WHERE {_these(source, days)}"
        ") AS rules GROUP BY partition_date, name"
    )


def rules_of(rows: Iterable[Row]) -> dict[date, Rules]:
    """Which rules the rejected lines of each day broke."""
    counted: dict[date, Counter[tuple[str | None, str]]] = {}
    for day, name, lines in sorted(rows):
        counted.setdefault(day, Counter())[rule_of(name)] += lines
    return {
        day: [(*rule, lines) for rule, lines in rules.most_common()]
        for day, rules in counted.items()
    }


def _figures(rows: Iterable[Row]) -> dict[date, Figures]:
    found: dict[date, Figures] = {}
    for day, *values in rows:
        found[day] = (*found.get(day, ()), in_currency(values))
    return found


def _preview_query(source: str, table: str, columns: Sequence[str], days: Collection[date]) -> str:
    if not days:
        return ""
    return first_lines(f"main.{table}", columns, days, f"source = {literal(source)}")


def _ask(warehouse: Warehouse, *queries: str) -> Iterator[list[Row]]:
    """The rows of the queries that there are, asked together, and none of the others."""
    answers = iter(warehouse.answers([query for query in queries if query]))
    return (next(answers) if query else [] for query in queries)


def _these(source: str, days: Collection[date]) -> str:
    listed = ", ".join(f"DATE {literal(day.isoformat())}" for day in sorted(days))
    return f"source = {literal(source)} AND partition_date IN ({listed})"
