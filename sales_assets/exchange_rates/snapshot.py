"""Exchange rates from the ECB's own file, without a network: the default on a laptop.

Belongs here: answering as the API would. Does not: reading the file (`ecb_file`). The answers
have the API's form, so that all that follows is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from sales_assets.exchange_rates.api import (
    Answer,
    ApiRefusedError,
    ApiUnavailableError,
    ExchangeRateApi,
    RatesRequest,
)
from sales_assets.exchange_rates.calendar import LOOK_BACK
from sales_assets.exchange_rates.currencies import BASE
from sales_assets.exchange_rates.ecb_file import read_ecb_file


class SnapshotRates(ExchangeRateApi):
    """The ECB's file at a path; it ends with its last publication."""

    path: str

    @property
    def provider(self) -> str:
        """The file's name: a newer one of the same name has other ETags."""
        return f"snapshot/{Path(self.path).name}"

    def _publications(self) -> dict[date, dict[str, str]]:
        return read_ecb_file(Path(self.path))

    def rates(self, request: RatesRequest, etag: str = "") -> Answer | None:
        """A month's rates, from the last publication on or before its first day on.

        Raises ApiRefusedError, as the API does, if there is none of any of the currencies, and
        ApiUnavailableError if the month is after the file's end.
        """
        month, publications = request.month, self._publications()
        if request.start - LOOK_BACK > max(publications):
            raise ApiUnavailableError(
                f"{self.path}: ends with {max(publications)}; get a newer eurofxref-hist.zip from "
                "the ECB, or set SALES_ASSETS_EXCHANGE_RATES=live",
                "unpublished",
            )
        dates = [day for day in publications if request.start - LOOK_BACK <= day < month.end]
        first = max((day for day in dates if day <= request.start), default=request.start)
        days = {
            day: found
            for day in dates
            if day >= first and (found := _pairs(publications[day], request.symbols))
        }
        if not days:
            raise ApiRefusedError(
                f"{self.path}: has no rates of {', '.join(request.symbols)} in {month}; correct "
                "the currency or the history in the contract"
            )
        rates = ",".join(f'"{day}":{{{found}}}' for day, found in days.items())
        body = (
            f'{{"amount":1.0,"base":"{BASE}","start_date":"{min(days)}",'
            f'"end_date":"{max(days)}","rates":{{{rates}}}}}'
        )
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
        if tag == etag:
            return None
        return Answer(f"file:{Path(self.path).name}#{request.path}", body, tag, datetime.now(UTC))

    def currencies(self) -> frozenset[str]:
        """The codes of all currencies that are or were in the file."""
        return frozenset(code for rates in self._publications().values() for code in rates)

    def published_until(self, moment: datetime) -> date:
        """The file's last publication."""
        return min(moment.date(), max(self._publications()))


def _pairs(rates: Mapping[str, str], symbols: Iterable[str]) -> str:
    return ",".join(f'"{symbol}":{rates[symbol]}' for symbol in symbols if symbol in rates)
