"""What a frame's columns are called, and of which dtype they are.

Belongs here: that, for each table. Does not: what a column means (`analysis` itself, and dbt's own
descriptions), or filling a frame (`reading`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_DATE, _TEXT, _COUNT, _COUNT_OR_NONE, _OBJECT = (
    *("datetime64[s]", "string", "int64", "Int64", "object"),
)
_MEASURES = {
    "lines": _COUNT,
    "units": _OBJECT,
    "gross_revenue": _OBJECT,
    "returned_revenue": _OBJECT,
    "net_revenue": _OBJECT,
    "reporting_currency": _TEXT,
    "reporting_gross_revenue": _OBJECT,
    "reporting_returned_revenue": _OBJECT,
    "reporting_net_revenue": _OBJECT,
    "unconverted_lines": _COUNT,
    "stale_rate_lines": _COUNT,
}


@dataclass(frozen=True)
class Table:
    """A table's columns and their dtypes; rows come in the order of its keys."""

    name: str
    keys: Mapping[str, str]
    others: Mapping[str, str]

    @property
    def columns(self) -> dict[str, str]:
        """All columns and their dtypes, in the frame's order."""
        return {**self.keys, **self.others}


DAILY_REVENUE = Table(
    "daily_revenue",
    {"order_date": _DATE, "source": _TEXT, "currency": _TEXT},
    {
        "orders": _COUNT_OR_NONE,
        **_MEASURES,
        "sale_lines": _COUNT,
        "return_lines": _COUNT,
        "cancellation_lines": _COUNT,
    },
)
REVENUE_BY_PRODUCT = Table(
    "revenue_by_product",
    {
        "order_date": _DATE,
        "source": _TEXT,
        "product": _TEXT,
        "category": _TEXT,
        "currency": _TEXT,
    },
    _MEASURES,
)
REVENUE_BY_REGION = Table(
    "revenue_by_region",
    {"order_date": _DATE, "source": _TEXT, "region": _TEXT, "currency": _TEXT},
    _MEASURES,
)
CUSTOMER_VALUE = Table(
    "customer_value",
    {"source": _TEXT, "customer_id": _TEXT, "currency": _TEXT},
    {
        "first_order_date": _DATE,
        "last_order_date": _DATE,
        "orders": _COUNT_OR_NONE,
        **_MEASURES,
    },
)
REJECTED = Table(
    "rejected",
    {"partition_date": _DATE, "source": _TEXT, "file": _TEXT, "line": _COUNT},
    {"file_sha256": _TEXT, "reasons": _OBJECT, "text": _TEXT},
)
