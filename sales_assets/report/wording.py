"""What the page says of figures that are not as they should be.

Belongs here: sentences about differences, and about lines that were not converted as they should.
Does not: finding them (`layers`, `reporting`), or the page's own text (the templates).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sales_assets.amounts import money
from sales_assets.exchange_rates.currencies import ENDED
from sales_assets.report.figures import Report
from sales_assets.report.formats import count, day
from sales_assets.report.layers import CONVERTED, Layer
from sales_assets.report.reporting import Conversion


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


def why(conversion: Conversion) -> str:
    """Why lines were converted at other rates than those that were due, or not at all."""
    currency, oldest = conversion.currency, conversion.oldest or 0
    match conversion.state:
        case "stale":
            return f"converted at rates up to {_days(oldest)} old; done again when newer ones come"
        case "too_old":
            return f"the last rates are up to {_days(oldest)} old, more than the contract allows"
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


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
