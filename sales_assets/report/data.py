"""What the report shows, read from the warehouse.

Belongs here: the queries and their frames. Does not: how a figure is worded or drawn (`page`).

Everything is read by one statement, so that all figures of a page are of the same moment, whatever
is being loaded meanwhile. The frames hold what the warehouse gave (dtype `object`): money stays
Decimal, a count stays int, and nothing becomes a float.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sales_assets.resources.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

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
    """The frames of a page; all are empty if tables are `missing`."""

    missing: tuple[str, ...]
    totals: pd.DataFrame
    """Lines and net revenue of each layer, source and currency, and what it was converted to."""
    loads: pd.DataFrame
    """What the ledger says of each source."""
    rejected: pd.DataFrame
    """Rejected lines that are kept, by source."""
    days: pd.DataFrame
    """Revenue by source, currency and order date; `reporting` is net, in the reporting currency."""
    conversions: pd.DataFrame
    """How the lines of each source and currency were converted, by the state of the rates."""
    products: pd.DataFrame
    """The best-selling products of each source and currency."""
    regions: pd.DataFrame
    """The best-selling regions of each source and currency."""
    customers: pd.DataFrame
    """Known customers of each source and currency."""
    reasons: pd.DataFrame
    """Rejected lines by reason, with the first of them; the quoted values are left out."""


def _total(layer: str, lines: str, net: str, reporting: str) -> str:
    return (
        f"SELECT '{layer}' AS layer, source, currency, {lines} AS lines, sum({net}) AS net, "
        f"CASE WHEN count(*) = count({reporting}) THEN sum({reporting}) END AS reporting "
        f"FROM {layer} GROUP BY source, currency"
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
_RULE = (
    r"""regexp_replace(regexp_replace(reason, '''(.|\n)*'' ', ''), ': -?[0-9][0-9.e+-]* ', ': ')"""
)

_SELECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "totals": (
        " UNION ALL ".join(
            [
                # What was loaded is not converted yet.
                _total("revenue", "count(*)", "net_amount", "CAST(NULL AS DECIMAL(38, 10))"),
                _total("fct_sales", "count(*)", "net_amount", "reporting_net_amount"),
                *(
                    _total(mart, "sum(lines)", "net_revenue", "reporting_net_revenue")
                    for mart in LAYERS[2:]
                ),
            ]
        ),
        ("layer", "source", "currency", "lines", "net", "reporting"),
    ),
    "loads": (
        """
        SELECT source, sum(lines) AS lines, sum(accepted) AS accepted, sum(rejected) AS refused,
            count(CASE WHEN lines > 0 THEN 1 END) AS days,
            min(CASE WHEN lines > 0 THEN partition_date END) AS first_day,
            max(CASE WHEN lines > 0 THEN partition_date END) AS last_day,
            max(loaded_at) AS loaded_at
        FROM ledger GROUP BY source""",
        ("source", "days", "first_day", "last_day", "lines", "accepted", "refused", "loaded_at"),
    ),
    "rejected": (
        "SELECT source, count(*) AS lines FROM rejected GROUP BY source",
        ("source", "lines"),
    ),
    "days": (
        """
        SELECT source, currency, order_date AS day, lines, gross_revenue AS gross,
            returned_revenue AS returned, net_revenue AS net, reporting_currency,
            reporting_net_revenue AS reporting
        FROM daily_revenue""",
        (
            *("source", "currency", "day", "lines", "gross", "returned", "net"),
            *("reporting_currency", "reporting"),
        ),
    ),
    "conversions": (
        """
        SELECT source, currency, rate_state, count(*) AS lines, min(order_date) AS first_day,
            max(order_date) AS last_day, max(rate_date) AS rate_date,
            max(order_date - rate_date) AS oldest
        FROM fct_sales GROUP BY source, currency, rate_state""",
        (
            *("source", "currency", "rate_state", "lines", "first_day", "last_day"),
            *("rate_date", "oldest"),
        ),
    ),
    "products": (
        _ranking("revenue_by_product", "product", "category"),
        ("source", "currency", "name", "category", "lines", "net", "place", "ranked", "total"),
    ),
    "regions": (
        _ranking("revenue_by_region", "region", "NULL"),
        ("source", "currency", "name", "lines", "net", "place", "ranked", "total"),
    ),
    "customers": (
        """
        SELECT source, currency, count(*) AS customers
        FROM customer_value GROUP BY source, currency""",
        ("source", "currency", "customers"),
    ),
    "reasons": (
        f"""
        SELECT source, name, lines, file, line, place
        FROM (
            SELECT source, name, file, line,
                count(*) OVER (PARTITION BY source, name) AS lines,
                row_number() OVER (PARTITION BY source, name ORDER BY file, line) AS place
            FROM (
                SELECT source, file, line, {_RULE} AS name
                FROM rejected CROSS JOIN UNNEST(reasons) AS broken (reason)
            ) AS rules
        ) AS examples
        WHERE place <= {EXAMPLES}""",
        ("source", "name", "lines", "file", "line", "place"),
    ),
}


def read_report(warehouse: Warehouse) -> ReportData:
    """Read all figures of the page at one moment."""
    import pandas as pd

    missing = _missing(warehouse)
    columns = sorted({column for _, names in _SELECTS.values() for column in names})
    rows = [] if missing else warehouse.rows(warehouse.in_dialect(_statement(columns)))
    everything = pd.DataFrame(rows, columns=["section", *columns], dtype=object)
    frames = {
        section: everything.loc[everything["section"] == section, list(names)]
        for section, (_, names) in _SELECTS.items()
    }
    return ReportData(missing=missing, **frames)


def records(frame: pd.DataFrame, **wanted: str) -> Iterator[dict[str, Any]]:
    """The rows of a frame that have these values, as the warehouse gave them."""
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    names = [str(name) for name in frame.columns]
    return (dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None))


def _missing(warehouse: Warehouse) -> tuple[str, ...]:
    found = warehouse.columns(*TABLES)
    return tuple(table for table, column in TABLES.items() if column not in found[table])


def _statement(columns: list[str]) -> str:
    parts = " UNION ALL ".join(
        f"SELECT '{section}' AS section, "
        + ", ".join(name if name in names else f"NULL AS {name}" for name in columns)
        + f" FROM ({select}) AS {section}_rows"
        for section, (select, names) in _SELECTS.items()
    )
    return (
        f"SELECT section, {', '.join(columns)} FROM ({parts}) AS sections "
        "ORDER BY section, source, currency, day, place"
    )
