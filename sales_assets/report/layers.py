"""The totals of each table, and what they differ by from those they have to be the same as.

Belongs here: comparing totals, in the lines' own currency with what was loaded, in the reporting
currency with the converted lines. Does not: reading them (`data`), or saying so (`page`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sales_assets.report.data import LAYERS, ReportData, records

ZERO = Decimal(0)
LOADED, CONVERTED = LAYERS[:2]


@dataclass(frozen=True)
class Layer:
    """One table's totals, and what they differ by."""

    name: str
    lines: int
    net: Decimal
    lines_off: int
    """Against the lines that were loaded, as `net_off`."""
    net_off: Decimal
    reporting: Decimal | None
    """Net revenue in the reporting currency; None if a line could not be converted."""
    reporting_off: Decimal | None
    """Against the converted lines; None if one of both has no such total."""
    reporting_agrees: bool

    @property
    def net_agrees(self) -> bool:
        """Whether the totals are those of the lines that were loaded, to the last digit."""
        return not self.lines_off and not self.net_off

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return self.net_agrees and self.reporting_agrees


@dataclass(frozen=True)
class Totals:
    """The totals of one source and currency in every layer."""

    source: str
    currency: str
    layers: tuple[Layer, ...]

    @property
    def agree(self) -> bool:
        """Whether all layers have the same totals."""
        return all(layer.agrees for layer in self.layers)


def compare_layers(data: ReportData) -> tuple[Totals, ...]:
    """The totals of every source and currency that any layer has."""
    pairs = sorted(set(zip(data.totals["source"], data.totals["currency"], strict=True)))
    return tuple(
        Totals(source, currency, _layers(data, source, currency)) for source, currency in pairs
    )


def _layers(data: ReportData, source: str, currency: str) -> tuple[Layer, ...]:
    found = {row["layer"]: row for row in records(data.totals, source=source, currency=currency)}
    nothing = {"lines": 0, "net": ZERO, "reporting": ZERO}
    loaded, converted = (found.get(name, nothing) for name in (LOADED, CONVERTED))
    return tuple(_layer(name, found.get(name, nothing), loaded, converted) for name in LAYERS)


def _layer(
    name: str, here: dict[str, Any], loaded: dict[str, Any], converted: dict[str, Any]
) -> Layer:
    """A layer that has nothing of the source and currency has zero lines."""
    reporting = None if name == LOADED else here["reporting"]
    whole = reporting is not None and converted["reporting"] is not None
    return Layer(
        name=name,
        lines=here["lines"],
        net=here["net"],
        lines_off=here["lines"] - loaded["lines"],
        net_off=here["net"] - loaded["net"],
        reporting=reporting,
        reporting_off=reporting - converted["reporting"] if whole else None,
        reporting_agrees=name == LOADED or reporting == converted["reporting"],
    )
