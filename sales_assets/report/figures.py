"""What the page says: the rows as figures of sources, currencies and checks.

Belongs here: sums, shares, comparisons, and which figures go together. Does not: reading them
(`data`), or how they are written and drawn (`page`). Amounts of different currencies are never
added up here; converted ones are (`split`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from sales_assets.report.data import LAYERS, ReportData
from sales_assets.report.drops import Drops, drops_of
from sales_assets.report.layers import Totals, compare_layers
from sales_assets.report.periods import Step, days_between, spanned, start_of, step_of
from sales_assets.report.reasons import Reason, reasons
from sales_assets.report.reporting import Reporting, reporting_of
from sales_assets.report.returns import Returns, returns_of
from sales_assets.report.rows import DayRow, RankedRow
from sales_assets.report.split import Split, split

NOT_STATED = "(not stated)"
"""What the marts call a product, category or region that the source does not state."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Period:
    """Revenue of the day, month or year that begins at `start`; `days` had sales."""

    start: date
    days: int
    lines: int
    gross: Decimal
    returned: Decimal
    net: Decimal


@dataclass(frozen=True)
class Ranked:
    """A product or region; `category` only if it states one."""

    name: str
    category: str | None
    lines: int
    net: Decimal


@dataclass(frozen=True)
class Ranking:
    """The best names, what the `others` add, and their total."""

    rows: tuple[Ranked, ...]
    others: int
    others_net: Decimal
    total: Decimal

    @property
    def stated(self) -> bool:
        """Whether the source names anything at all."""
        return any(_stated(row.name) for row in self.rows)


@dataclass(frozen=True)
class Sales:
    """Revenue of one source in one currency."""

    source: str
    currency: str
    total: Period
    last: date
    step: Step
    periods: tuple[Period, ...]
    """Every day or month from the first to the last, also without sales; years with sales."""
    daily: tuple[tuple[date, Decimal], ...]
    """Net revenue of every day, also of those without sales, if the periods are months."""
    products: Ranking
    regions: Ranking
    customers: int


@dataclass(frozen=True)
class Source:
    """One source: what came in, what became of it, and its revenue by currency."""

    name: str
    drops: Drops
    kept_accepted: int
    """Rows of the table `revenue`; the ledger says how many there should be."""
    kept_rejected: int
    sales: tuple[Sales, ...]
    currencies: Split | None
    """Its currencies in the reporting currency; None if there are not several."""
    returns: Returns | None
    """None if nothing came back."""
    reasons: tuple[Reason, ...]

    @property
    def lines_agree(self) -> bool:
        """Whether every line that came in is in `revenue` or in `rejected`."""
        drops = self.drops
        return (self.kept_accepted, self.kept_rejected) == (drops.accepted, drops.rejected) and (
            drops.accepted + drops.rejected == drops.lines
        )


@dataclass(frozen=True)
class Report:
    """Everything that a page says. Without sources there is nothing to say but what is missing."""

    missing: tuple[str, ...]
    sources: tuple[Source, ...]
    totals: tuple[Totals, ...]
    reporting: Reporting | None
    """All sources together; None without sales."""
    days: int
    """Different order dates with sales."""

    @property
    def sales(self) -> tuple[Sales, ...]:
        """Revenue of every source and currency."""
        return tuple(sales for source in self.sources for sales in source.sales)

    @property
    def agrees(self) -> bool:
        """Whether all totals and counts of lines agree."""
        return all(totals.agree for totals in self.totals) and all(
            source.lines_agree for source in self.sources
        )


def figures(data: ReportData) -> Report:
    """The figures of every source that any table knows, by name."""
    names = {row.source for rows in (data.totals, data.drops, data.rejected) for row in rows}
    return Report(
        missing=data.missing,
        sources=tuple(_source(data, name) for name in sorted(names)),
        totals=compare_layers(data),
        reporting=reporting_of(data),
        days=len({row.day for row in data.days}),
    )


def _source(data: ReportData, name: str) -> Source:
    days = [row for row in data.days if row.source == name]
    return Source(
        name=name,
        drops=drops_of([row for row in data.drops if row.source == name]),
        kept_accepted=sum(
            row.lines for row in data.totals if (row.source, row.layer) == (name, LAYERS[0])
        ),
        kept_rejected=sum(row.lines for row in data.rejected if row.source == name),
        sales=tuple(
            _sales(data, name, currency, list(rows))
            for currency, rows in groupby(days, lambda row: row.currency)
        ),
        currencies=_currencies(name, days),
        returns=returns_of(days),
        reasons=reasons(data, name),
    )


def _currencies(name: str, days: Sequence[DayRow]) -> Split | None:
    if len({row.currency for row in days}) < 2:
        return None
    return split(days, attrgetter("currency"), name)


def _sales(data: ReportData, source: str, currency: str, rows: Sequence[DayRow]) -> Sales:
    first, last = rows[0].day, rows[-1].day
    step = step_of(first, last)
    known = {
        start: _period(start, list(days))
        for start, days in groupby(rows, lambda row: start_of(row.day, step))
    }
    net = {row.day: row.net for row in rows}
    starts = spanned(list(net), step)
    own = (source, currency)
    return Sales(
        source=source,
        currency=currency,
        total=_period(first, rows),
        last=last,
        step=step,
        periods=tuple(known.get(start) or _period(start, []) for start in starts),
        daily=(
            tuple((day, net.get(day, ZERO)) for day in days_between(first, last))
            if step is Step.MONTH
            else ()
        ),
        products=_ranking([row for row in data.products if (row.source, row.currency) == own]),
        regions=_ranking([row for row in data.regions if (row.source, row.currency) == own]),
        customers=sum(row.customers for row in data.customers if (row.source, row.currency) == own),
    )


def _period(start: date, days: Sequence[DayRow]) -> Period:
    return Period(
        start,
        days=len(days),
        lines=sum(day.lines for day in days),
        gross=sum((day.gross for day in days), ZERO),
        returned=sum((day.returned for day in days), ZERO),
        net=sum((day.net for day in days), ZERO),
    )


def _ranking(rows: Sequence[RankedRow]) -> Ranking:
    total = rows[0].total if rows else ZERO
    return Ranking(
        rows=tuple(Ranked(row.name, _stated(row.category), row.lines, row.net) for row in rows),
        others=rows[0].ranked - len(rows) if rows else 0,
        others_net=total - sum((row.net for row in rows), ZERO),
        total=total,
    )


def _stated(name: str | None) -> str | None:
    return None if name == NOT_STATED else name
