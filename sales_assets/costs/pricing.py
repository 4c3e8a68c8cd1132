"""What amounts cost: the rates of teams.yaml, as they were on the day.

Belongs here: from amounts to money, and which rates count for a day. Does not: the file's words
(`platform.teams`), or sums (`bill`).

A day is priced at the rates that were in force on it, whenever somebody asks: so a new price
changes no month that is over, and credits that are told days later cost what the others did.
The asset notes rates when they change. For days before the first note the first rates count.

Money is exact: fractions, of which only what is shown is rounded. That of two currencies is never
added: nobody here knows the rate between them.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from sales_assets.costs.amounts import Amounts
from sales_assets.errors import UsageError
from sales_assets.partitions import Window

if TYPE_CHECKING:
    from sales_assets.costs.ledger import Ledger
    from sales_assets.platform.teams import Teams

_CPU_HOUR = 3_600_000_000
_GIGABYTE_HOUR = 3_600_000_000_000
_GIGABYTE = _CREDIT = 1_000_000_000
_EVERYBODY = ""


@dataclass(frozen=True)
class RateCard:
    """The rates of a day: those of everybody, and of teams that have their own."""

    currency: str
    of: Mapping[str, Mapping[str, Decimal]]

    @classmethod
    def from_teams(cls, teams: Teams) -> RateCard:
        """The rates of the file as it is now."""
        own = {name: team.rates for name, team in teams.teams.items() if team.rates is not None}
        of = {_EVERYBODY: teams.rates, **own}
        return cls(teams.currency, {name: dict(rates) for name, rates in of.items()})

    @classmethod
    def from_text(cls, text: str) -> RateCard:
        """The rates as they are kept."""
        kept = json.loads(text)
        of = {
            name: {unit: Decimal(price) for unit, price in rates.items()}
            for name, rates in kept["of"].items()
        }
        return cls(kept["currency"], of)

    def as_text(self) -> str:
        """The rates as text to keep."""
        of = {n: {unit: f"{price:f}" for unit, price in r.items()} for n, r in self.of.items()}
        return json.dumps({"currency": self.currency, "of": of}, sort_keys=True)

    def price(self, amounts: Amounts, team: str) -> Fraction:
        """What amounts cost a team."""
        rates = self.of.get(team, self.of[_EVERYBODY])
        return sum(
            (
                Fraction(rates[unit]) * amount / size
                for unit, amount, size in (
                    ("cpu_hour", amounts.cpu, _CPU_HOUR),
                    ("gigabyte_hour", amounts.memory, _GIGABYTE_HOUR),
                    ("gigabyte_read", amounts.read, _GIGABYTE),
                    ("gigabyte_written", amounts.written, _GIGABYTE),
                    ("credit", amounts.credits, _CREDIT),
                )
            ),
            Fraction(0),
        )


class Prices:
    """Which rates count for which day."""

    def __init__(self, cards: Mapping[date, RateCard]) -> None:
        """`cards` by the day from which on they count; without any, nothing has a price."""
        self._since = sorted(cards)
        self._cards = [cards[day] for day in self._since]

    @classmethod
    def of(cls, ledger: Ledger, teams: Teams | None, today: date) -> Prices:
        """The rates that were noted, and from today on those of the file as it is.

        Without teams there are no prices.
        """
        if teams is None:
            return cls({})
        cards = {day: RateCard.from_text(text) for day, text in ledger.rates().items()}
        now = RateCard.from_teams(teams)
        if not cards or cards[max(cards)] != now:
            cards[today] = now
        return cls(cards)

    @property
    def currency(self) -> str | None:
        """The currency of the newest rates; None if nothing has a price."""
        return self._cards[-1].currency if self._cards else None

    def currency_on(self, day: date) -> str | None:
        """The currency of a day's money."""
        return self._card(day).currency if self._cards else None

    def currency_of(self, days: Iterable[date]) -> str | None:
        """The one currency of some days; raises UsageError where they have several."""
        spans = [
            (Window.around(list(span)), currency)
            for currency, span in groupby(sorted(set(days)), self.currency_on)
        ]
        if len({currency for _, currency in spans}) > 1:
            told = ", ".join(f"{span} in {currency}" for span, currency in spans)
            last = spans[-1][0]
            raise UsageError(
                f"These days have prices in different currencies, which do not add up: {told} (the "
                "`currency` in teams.yaml was changed). Ask for days of one of them, as with "
                f"--since {last.start} --until {last.end}"
            )
        return spans[0][1] if spans else self.currency

    def price(self, day: date, amounts: Amounts, team: str) -> Fraction:
        """What amounts of a day cost a team."""
        if not self._cards:
            return Fraction(0)
        return self._card(day).price(amounts, team)

    def _card(self, day: date) -> RateCard:
        return self._cards[max(0, bisect_right(self._since, day) - 1)]


def note_rates(ledger: Ledger, teams: Teams | None, today: date) -> None:
    """Note the rates of the file from today on, if they are others than before."""
    if teams is None:
        return
    kept, now = ledger.rates(), RateCard.from_teams(teams).as_text()
    if not kept or kept[max(kept)] != now:
        ledger.keep_rates(today, now)


def shown(money: Fraction, places: int = 4) -> Decimal:
    """Money as it is shown: rounded, half to even."""
    scaled = round(money * 10**places)
    return Decimal(scaled).scaleb(-places)
