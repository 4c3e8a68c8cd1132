"""The totals of each table, and what they differ by from those they have to be the same as.

Belongs here: comparing totals, in the lines' own currency with what was loaded, in the reporting
currency with the converted lines. Does not: reading them (`data`), or saying so (`page`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sales_assets.report.data import LAYERS, ReportData
from sales_assets.report.rows import TotalRow

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
    pairs = sorted({(row.source, row.currency) for row in data.totals})
    return tuple(
        Totals(source, currency, _layers(data, source, currency)) for source, currency in pairs
    )


def _layers(data: ReportData, source: str, currency: str) -> tuple[Layer, ...]:
    """A layer that has nothing of the source and currency has zero lines."""
    found = {name: TotalRow(name, source, currency, 0, ZERO, ZERO) for name in LAYERS}
    found |= {
        row.layer: row for row in data.totals if (row.source, row.currency) == (source, currency)
    }
    return tuple(_layer(found[name], found[LOADED], found[CONVERTED]) for name in LAYERS)


def _layer(here: TotalRow, loaded: TotalRow, converted: TotalRow) -> Layer:
    is_loaded = here.layer == LOADED
    reporting = None if is_loaded else here.reporting
    return Layer(
        name=here.layer,
        lines=here.lines,
        net=here.net,
        lines_off=here.lines - loaded.lines,
        net_off=here.net - loaded.net,
        reporting=reporting,
        reporting_off=(
            None
            if reporting is None or converted.reporting is None
            else reporting - converted.reporting
        ),
        reporting_agrees=is_loaded or reporting == converted.reporting,
    )
