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
    def rules(self) -> dict[str, str]:
        """Source -> by which rules a rate can be used for its sales, as a text to compare."""
        ended = [f"{code} until {ENDED[code]}" for code in self.symbols if code in ENDED]
        return {
            source: "; ".join([f"{days} days", *ended]) for source, days in self.age_days.items()
        }

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


def window_variables(window: Window | None, others: Sequence[date]) -> dict[str, str]:
    """The days of a run, and other days of drops that it computes anew."""
    if window is None:
        return {}
    moved = ",".join(str(day) for day in others if day not in window)
    return {
        "start_date": str(window.start),
        "end_date": str(window.end),
        **({"moved_dates": moved} if moved else {}),
    }
