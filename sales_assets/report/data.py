"""What the report shows, read from the warehouse.

Belongs here: the queries. Does not: what a row of them holds (`rows`), or how a figure is worded
or drawn (`page`).

Everything is read by one statement, so that all figures of a page are of the same moment, whatever
is being loaded meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sales_assets.report.rows import (
    AnyRow,
    ConversionRow,
    CustomersRow,
    DayRow,
    DropRow,
    RankedRow,
    ReasonRow,
    RejectedRow,
    TotalRow,
)
from sales_assets.resources.warehouse import Warehouse

RANKED = 10
"""Products and regions that are shown by name."""
EXAMPLES = 3
"""Rejected lines that are named for each reason."""
LAYERS = ("revenue", "fct_sales", "daily_revenue", "revenue_by_product", "revenue_by_region")
"""The tables whose totals have to be the same, the one that was loaded first."""
TABLES = {
    "revenue": "net_amount",
    "fct_sales": "reporting_net_amount",
    **dict.fromkeys(LAYERS[2:], "reporting_net_revenue"),
    "customer_value": "source",
    "rejected": "reasons",
    "ledger": "accepted",
}
"""The tables that are read, with a column that those made by older models lack."""


@dataclass(frozen=True)
class ReportData:
    """The rows of a page by section, in the order of source, currency, day and place.

    There are none if tables are `missing`.
    """

    missing: tuple[str, ...]
    totals: tuple[TotalRow, ...]
    drops: tuple[DropRow, ...]
    rejected: tuple[RejectedRow, ...]
    days: tuple[DayRow, ...]
    conversions: tuple[ConversionRow, ...]
    products: tuple[RankedRow, ...]
    regions: tuple[RankedRow, ...]
    customers: tuple[CustomersRow, ...]
    reasons: tuple[ReasonRow, ...]


_SALES = """
    SELECT source, currency, rate_state, count(*) AS lines, sum(net_amount) AS net,
        CASE WHEN count(*) = count(reporting_net_amount) THEN sum(reporting_net_amount) END
            AS reporting,
        min(order_date) AS first_day, max(order_date) AS last_day, max(rate_date) AS rate_date,
        max(order_date - rate_date) AS oldest
    FROM fct_sales GROUP BY source, currency, rate_state"""
"""`fct_sales` in groups, read once for all: it is the largest table of all."""


def _total(layer: str, net: str, reporting: str, *, of: str = "", lines: str = "sum(lines)") -> str:
    return (
        f"SELECT '{layer}' AS layer, source, currency, {lines} AS lines, sum({net}) AS net, "
        f"CASE WHEN count(*) = count({reporting}) THEN sum({reporting}) END AS reporting "
        f"FROM {of or layer} GROUP BY source, currency"
    )


def _ranking(mart: str, name: str, category: str) -> str:
    return f"""
        SELECT source, currency, name, category, lines, net, place, ranked, total
        FROM (
            SELECT source, currency, {name} AS name, {category} AS category,
                sum(lines) AS lines, sum(net_revenue) AS net,
                row_number() OVER (
                    PARTITION BY source, currency
                    ORDER BY sum(net_revenue) DESC, {name}, {category}
                ) AS place,
                count(*) OVER (PARTITION BY source, currency) AS ranked,
                sum(sum(net_revenue)) OVER (PARTITION BY source, currency) AS total
            FROM {mart} GROUP BY source, currency, {name}, {category}
        ) AS names
        WHERE place <= {RANKED}"""


# A reason quotes the value it refuses ("amount: 'x' is no number") or states it ("order_date:
# 2024-01-01 is not ..."). From the first quote to the last everything may be the value.
RULE = (
    r"""regexp_replace(regexp_replace(reason, '''(.|\n)*'' ', ''), ': -?[0-9][0-9.e+-]* ', ': ')"""
)
"""The SQL of a reason without the value that it is about, which can be personal.

Two reasons of a line can be the same without it: the line counts once."""

_SECTIONS: dict[str, tuple[type[AnyRow], str]] = {
    "totals": (
        TotalRow,
        " UNION ALL ".join(
            [
                # What was loaded is not converted yet.
                _total("revenue", "net_amount", "CAST(NULL AS DECIMAL(38, 10))", lines="count(*)"),
                _total("fct_sales", "net", "reporting", of="sales"),
                *(_total(mart, "net_revenue", "reporting_net_revenue") for mart in LAYERS[2:]),
            ]
        ),
    ),
    "drops": (
        DropRow,
        """
        SELECT source, partition_date AS day, lines, accepted, rejected AS refused, loaded_at,
            files <> '[]' AS held
        FROM ledger""",
    ),
    "rejected": (
        RejectedRow,
        "SELECT source, count(*) AS lines FROM rejected GROUP BY source",
    ),
    "days": (
        DayRow,
        """
        SELECT source, currency, order_date AS day, lines, gross_revenue AS gross,
            returned_revenue AS returned, net_revenue AS net, reporting_currency,
            reporting_gross_revenue AS reporting_gross,
            reporting_returned_revenue AS reporting_returned,
            reporting_net_revenue AS reporting
        FROM daily_revenue""",
    ),
    "conversions": (
        ConversionRow,
        """
        SELECT source, currency, rate_state, lines, first_day, last_day, rate_date, oldest
        FROM sales""",
    ),
    "products": (
        RankedRow,
        _ranking("revenue_by_product", "product", "category"),
    ),
    "regions": (
        RankedRow,
        _ranking("revenue_by_region", "region", "NULL"),
    ),
    "customers": (
        CustomersRow,
        """
        SELECT source, currency, count(*) AS customers
        FROM customer_value GROUP BY source, currency""",
    ),
    "reasons": (
        ReasonRow,
        f"""
        SELECT source, name, lines, file, line, place
        FROM (
            SELECT source, name, file, line,
                count(*) OVER (PARTITION BY source, name) AS lines,
                row_number() OVER (PARTITION BY source, name ORDER BY file, line) AS place
            FROM (
                SELECT DISTINCT source, file, line, {RULE} AS name
                FROM rejected CROSS JOIN UNNEST(reasons) AS broken (reason)
            ) AS rules
        ) AS examples
        WHERE place <= {EXAMPLES}""",
    ),
}


def read_report(warehouse: Warehouse) -> ReportData:
    """Read all figures of the page at one moment."""
    missing = _missing(warehouse)
    columns = sorted({column for row, _ in _SECTIONS.values() for column in row._fields})
    own = {
        section: itemgetter(*map(columns.index, row._fields))
        for section, (row, _) in _SECTIONS.items()
    }
    found: dict[str, list[Any]] = {section: [] for section in _SECTIONS}
    rows = [] if missing else warehouse.rows(warehouse.in_dialect(_statement(columns)))
    for section, *values in rows:
        row, _ = _SECTIONS[section]
        found[section].append(row._make(own[section](values)))
    return ReportData(missing, **{section: tuple(rows) for section, rows in found.items()})


def _missing(warehouse: Warehouse) -> tuple[str, ...]:
    found = warehouse.columns(*TABLES)
    return tuple(table for table, column in TABLES.items() if column not in found[table])


def _statement(columns: list[str]) -> str:
    parts = " UNION ALL ".join(
        f"SELECT '{section}' AS section, "
        + ", ".join(name if name in row._fields else f"NULL AS {name}" for name in columns)
        + f" FROM ({select}) AS {section}_rows"
        for section, (row, select) in _SECTIONS.items()
    )
    return (
        f"WITH sales AS ({_SALES}) "
        f"SELECT section, {', '.join(columns)} FROM ({parts}) AS sections "
        "ORDER BY section, source, currency, day, place"
    )
