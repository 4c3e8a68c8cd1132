"""What a run tells the dbt models: its days, and how to convert currencies.

Belongs here: dbt's vars, made of settings, contracts and the warehouse. Does not: what the models
do with them (dbt_project/macros), or running dbt (`resources.dbt`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from sales_assets.contracts.model import SourceContract
from sales_assets.exchange_rates.currencies import ENDED, needed
from sales_assets.partitions import Window
from sales_assets.resources.warehouse import Warehouse


@dataclass(frozen=True)
class Conversion:
    """What is converted to which currency, at rates of which age."""

    reporting_currency: str
    symbols: tuple[str, ...]
    """The currencies whose rates are needed."""
    age_days: Mapping[str, int]
    """Source -> how many days old a stale rate may be."""

    @classmethod
    def of(cls, contracts: Sequence[SourceContract], reporting_currency: str) -> Self:
        """By the contracts."""
        return cls(
            reporting_currency,
            needed((contract.currencies for contract in contracts), reporting_currency),
            {contract.name: contract.rate_age_days for contract in contracts},
        )

    @property
    def shortest_age_days(self) -> int:
        """The age that no contract allows a stale rate to go beyond."""
        return min(self.age_days.values(), default=SourceContract.rate_age_days)

    @property
    def variables(self) -> dict[str, Any]:
        """As the models want it; what is as usual is left out."""
        unusual = {
            name: n for name, n in self.age_days.items() if n != SourceContract.rate_age_days
        }
        ended = {symbol: str(ENDED[symbol]) for symbol in self.symbols if symbol in ENDED}
        return {
            "reporting_currency": self.reporting_currency,
            "rate_age_days": unusual,
            "rate_age_days_usual": SourceContract.rate_age_days,
            "ended_currencies": ended,
        }


def window_variables(warehouse: Warehouse, window: Window | None) -> dict[str, str]:
    """The days of a run, others that loading those has changed, and sales that get another rate."""
    if window is None:
        return {}
    again = warehouse.reconverted(window)
    moved = sorted({*warehouse.moved_days(window), *again.partition_dates})
    return {
        "start_date": str(window.start),
        "end_date": str(window.end),
        **({"moved_dates": _listed(moved)} if moved else {}),
        **({"reconverted_dates": _listed(again.order_dates)} if again.order_dates else {}),
    }


def _listed(days: Sequence[date]) -> str:
    return ",".join(map(str, days))
