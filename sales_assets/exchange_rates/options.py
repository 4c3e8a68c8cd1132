"""The settings of exchange rates.

Belongs here: their names, types and defaults; `settings.Settings` has them among its own. Does
not: reading the environment (`settings`), or asking for rates.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, Field

from sales_assets.setting_kinds import ExchangeRatesKind

_PROJECT = Path(__file__).resolve().parents[2]


class ExchangeRateOptions(BaseModel):
    """Where rates come from, and which are believed."""

    exchange_rates: ExchangeRatesKind = Field(
        default=ExchangeRatesKind.SNAPSHOT,
        description="snapshot (the ECB's file), live (the API) or recorded (earlier answers).",
    )
    exchange_rates_url: str = Field(
        default="https://api.frankfurter.dev/v1",
        pattern="^https?://[^@]+$",
        description="Address of the exchange-rate API, Frankfurter v1.",
    )
    exchange_rates_snapshot: Path = Field(
        default=_PROJECT / "sample_data" / "eurofxref-hist.zip",
        description="The ECB's file of all its reference rates, eurofxref-hist.zip.",
    )
    exchange_rates_timeout_seconds: float = Field(
        default=30.0, gt=0, description="How long one call of the API may take in all."
    )
    exchange_rate_jump_percent: Decimal = Field(
        default=Decimal(30),
        gt=0,
        description="A rate that moves further in a day is put aside. The largest move of a "
        "published currency since 2009 was 26.6 % (the Turkish lira on 2021-12-21).",
    )
