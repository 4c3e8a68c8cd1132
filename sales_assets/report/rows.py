"""The rows that the report is made of: what each kind of them holds.

Belongs here: their columns and types. Does not: reading them (`data`), or what follows from them
(`figures` and the modules beside it). Amounts are Decimal, as the warehouse gives them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


class TotalRow(NamedTuple):
    """Lines and net revenue of one layer, source and currency."""

    layer: str
    source: str
    currency: str
    lines: int
    net: Decimal
    reporting: Decimal | None
    """Net, in the reporting currency; None if a line was not converted (yet)."""


class LoadRow(NamedTuple):
    """What the ledger says of a source; nothing but its name where it says nothing."""

    source: str
    days: int = 0
    """Days with lines."""
    first_day: date | None = None
    last_day: date | None = None
    lines: int = 0
    accepted: int = 0
    refused: int = 0
    loaded_at: datetime | None = None
    """In UTC, without a zone."""


class RejectedRow(NamedTuple):
    """Rejected lines of a source that are kept."""

    source: str
    lines: int


class DayRow(NamedTuple):
    """Revenue of one source, currency and order date."""

    source: str
    currency: str
    day: date
    lines: int
    gross: Decimal
    returned: Decimal
    net: Decimal
    reporting_currency: str
    reporting: Decimal | None
    """Net, in the reporting currency; None if a line could not be converted."""


class ConversionRow(NamedTuple):
    """How lines of one source and currency were converted, by the state of the rates."""

    source: str
    currency: str
    rate_state: str
    """As in `fct_sales`."""
    lines: int
    first_day: date
    last_day: date
    rate_date: date | None
    oldest: int | None
    """Days between order and rates, the most of any line; None without rates."""


class RankedRow(NamedTuple):
    """One of the best-selling products or regions of a source and currency."""

    source: str
    currency: str
    name: str
    category: str | None
    """None for a region."""
    lines: int
    net: Decimal
    place: int
    """From 1, the best."""
    ranked: int
    """How many names there are, those that are not shown included."""
    total: Decimal
    """Net revenue of all of them."""


class CustomersRow(NamedTuple):
    """Known customers of one source and currency."""

    source: str
    currency: str
    customers: int


class ReasonRow(NamedTuple):
    """A line that is an example of a reason; the quoted values are left out of its name."""

    source: str
    name: str
    lines: int
    """Lines rejected for this reason."""
    file: str
    line: int
    place: int
    """From 1, the first."""


AnyRow = (
    TotalRow | LoadRow | RejectedRow | DayRow | ConversionRow | RankedRow | CustomersRow | ReasonRow
)
