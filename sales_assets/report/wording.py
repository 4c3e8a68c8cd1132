"""What the page says of figures that are not as they should be.

Belongs here: sentences about differences, about lines that were not converted as they should, and
what a reader has to know before all else. Does not: finding them (`layers`, `reporting`, `trust`),
or the page's own text (the templates).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sales_assets.amounts import money
from sales_assets.checks.results import number_of
from sales_assets.exchange_rates.currencies import ENDED
from sales_assets.partitions import DAY
from sales_assets.report.checks import Outcome
from sales_assets.report.figures import Report
from sales_assets.report.formats import count, day, days
from sales_assets.report.layers import CONVERTED, Layer
from sales_assets.report.reporting import Conversion
from sales_assets.report.trust import Part, Trust


class Level(StrEnum):
    """How far figures can be relied on; also the name of the colour."""

    GOOD = "good"
    CARE = "care"
    BAD = "bad"


class Remark(NamedTuple):
    """Something that speaks against the figures."""

    level: Level
    text: str


def remarks(report: Report, trust: Trust) -> list[Remark]:
    """Everything that speaks against the figures, the worst first."""
    return [
        *(Remark(Level.BAD, text) for text in disagreements(report)),
        *(Remark(Level.BAD, text) for text in _checks(trust, Outcome.FAILED)),
        *(Remark(Level.CARE, text) for text in _unconverted(report)),
        *(Remark(Level.CARE, text) for text in _checks(trust, Outcome.WARNED, Outcome.NOT_RUN)),
        *(Remark(Level.CARE, text) for part in trust.parts for text in _days_missing(part)),
    ]


def level_of(found: Sequence[Remark]) -> Level:
    """How far the figures can be relied on; the first remark is the worst."""
    return found[0].level if found else Level.GOOD


def _checks(trust: Trust, *outcomes: Outcome) -> Iterator[str]:
    told = {
        Outcome.FAILED: "{} failed",
        Outcome.WARNED: "{} ended with a warning",
        Outcome.NOT_RUN: "{} had no run",
    }
    for outcome in outcomes:
        if number := trust.ended(outcome):
            yield told[outcome].format(number_of(number, "check")) + "."


def _unconverted(report: Report) -> Iterator[str]:
    if report.reporting is None:
        return
    for items, told in (
        (report.reporting.unconverted, "could not be converted to {}"),
        (report.reporting.stale, "at older rates than those that were due"),
    ):
        if lines := sum(item.lines for item in items):
            yield f"{number_of(lines, 'line')} {told.format(report.reporting.currency)}."


def _days_missing(part: Part) -> Iterator[str]:
    found = part.freshness
    if found is None or not found.missing:
        return
    last = found.missing[-1].end - DAY
    missing = days(found.missing_days)
    yield f"{part.name}: {missing} without a drop that was due, the last of them {day(last)}."


def disagreements(report: Report) -> Iterator[str]:
    """What to say of each layer whose totals are not those that they should be."""
    reporting = report.reporting.currency if report.reporting else ""
    for totals in report.totals:
        begin = f"{totals.source}, {totals.currency}"
        for layer in totals.layers:
            if not layer.net_agrees:
                off = _off(layer, totals.currency)
                yield f"{begin}: {layer.name} holds {off} than was loaded."
            if not layer.reporting_agrees:
                yield f"{begin}: {layer.name} {_off_in(layer, reporting)}."
    for source in report.sources:
        if not source.lines_agree:
            yield (
                f"{source.name}: not every line that came in is among the accepted or the rejected."
            )


def why(conversion: Conversion) -> str:
    """Why lines were converted at other rates than those that were due, or not at all."""
    currency, oldest = conversion.currency, conversion.oldest or 0
    match conversion.state:
        case "stale":
            return f"converted at rates up to {days(oldest)} old; done again when newer ones come"
        case "too_old":
            return f"the last rates are up to {days(oldest)} old, more than the contract allows"
        case "ended":
            since = f" since {day(ENDED[currency])}" if currency in ENDED else ""
            return f"no rates of {currency} are published any more{since}"
        case _:
            return f"no rates of {currency} are known"


def _off(layer: Layer, currency: str) -> str:
    parts = []
    if layer.lines_off:
        less = "more" if layer.lines_off > 0 else "fewer"
        parts.append(f"{count(abs(layer.lines_off))} {less} lines")
    if layer.net_off:
        parts.append(f"{_differing(layer.net_off, currency)} net revenue")
    return " and ".join(parts)


def _off_in(layer: Layer, reporting: str) -> str:
    if layer.reporting_off is None:
        has = "has a total" if layer.reporting is not None else "lacks the total"
        return f"{has} in {reporting}, other than {CONVERTED}"
    return f"holds {_differing(layer.reporting_off, reporting)} net revenue than {CONVERTED}"


def _differing(amount: Decimal, currency: str) -> str:
    return f"{money(abs(amount))} {currency} {'more' if amount > 0 else 'less'}"
