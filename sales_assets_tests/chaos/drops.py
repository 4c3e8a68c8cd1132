"""The drops that arrive in the course of a chaos run.

Belongs here: what arrives when. Does not: where it is put (`world`). Everything comes from the
seed: days follow each other, some are corrected later, some lines are wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

FIRST = date(2024, 1, 2)
SOURCES = ("shop", "till", "bazaar")
LINES = 40
CORRECTED = 0.25
"""Share of drops that are about a day that was told before."""
_HEADERS = {
    "shop": "order,sold_on,item,customer,price",
    "till": "order,sold_on,item,customer,price",
    "bazaar": "order,sold_on,price,paid_in",
}


@dataclass(frozen=True)
class Drop:
    """A file that arrives."""

    source: str
    name: str
    day: date
    text: str


def drops(seed: int, last: date) -> Iterator[Drop]:
    """Drops without end, of days up to `last`: then only corrections come."""
    dice = random.Random(seed)
    told: dict[str, list[date]] = {source: [] for source in SOURCES}
    while True:
        for source in dice.sample(SOURCES, len(SOURCES)):
            before = told[source]
            new = before[-1] + timedelta(1) if before else FIRST
            is_new = not before or (new <= last and dice.random() > CORRECTED)
            day = new if is_new else dice.choice(before)
            if is_new:
                before.append(day)
            yield Drop(source, f"{day}.csv", day, _text(dice, source, day))


def _text(dice: random.Random, source: str, day: date) -> str:
    lines = [_HEADERS[source]]
    for number in range(LINES):
        price = f"{Decimal(dice.randrange(100, 9900)) / 100:.2f}"
        if dice.random() < 0.05:
            price = "dear"
        if source == "bazaar":
            currency = dice.choice(("USD", "EUR", "JPY", "GBP"))
            lines.append(f"{day}-{number},{day},{price},{currency}")
        else:
            item = dice.choice(("tea", "pot", "cup"))
            lines.append(f"{source}-{day}-{number},{day},{item},c{dice.randrange(9)},{price}")
    return "\n".join([*lines, ""])
