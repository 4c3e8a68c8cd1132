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


class DropRow(NamedTuple):
    """What the ledger says of a source's drops of one day."""

    source: str
    day: date
    """The drop's day, which is not always that of the orders in it."""
    lines: int
    accepted: int
    refused: int
    loaded_at: datetime
    """In UTC, without a zone."""
    held: bool
    """Whether there is a drop, be it one without lines."""


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
    reporting_gross: Decimal | None
    reporting_returned: Decimal | None
    reporting: Decimal | None
    """Net, in the reporting currency; as both before, None if a line could not be converted."""


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
    TotalRow | DropRow | RejectedRow | DayRow | ConversionRow | RankedRow | CustomersRow | ReasonRow
)
