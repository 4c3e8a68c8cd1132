"""How teams stand, as plain values.

Belongs here: these shapes, and whether somebody has to do something. Does not: finding out
(`gathering`), or saying it (`wording`, `page`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self


@dataclass(frozen=True)
class Item:
    """One thing that is not as it should be.

    `since` is None if nobody knows; `path` is where the UI shows it, below its address; `attempts`
    are those of parked days. `command` mends it, or begins to.
    """

    team: str | None
    subject: str
    what: str
    since: datetime | None
    cause: str = ""
    command: str = ""
    path: str = ""
    attempts: int | None = None


class Level(StrEnum):
    """How a team stands to its budget."""

    NO_BUDGET = "no budget"
    WITHIN = "within"
    NEAR = "near"
    OVER = "over"

    @property
    def is_told(self) -> bool:
        """Whether the check of budgets tells it."""
        return self in {Level.NEAR, Level.OVER}


@dataclass(frozen=True)
class AssetCost:
    """What an asset has used in the month; `money` is None if nothing has a price."""

    asset: str
    cpu_seconds: Decimal
    money: Decimal | None


@dataclass(frozen=True)
class Costs:
    """What a team has used in a month, processes that wait for its runs included.

    `of_budget` is what counts against the budget, `note` what keeps a figure from being there.
    """

    month: str
    cpu_seconds: Decimal = Decimal(0)
    money: Decimal | None = None
    currency: str | None = None
    level: Level = Level.NO_BUDGET
    budget: Decimal | None = None
    of_budget: Decimal | None = None
    share: Decimal | None = None
    forecast: Decimal | None = None
    assets: tuple[AssetCost, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Standing:
    """How one team stands; `team` is None for what belongs to no team."""

    team: str | None
    costs: Costs
    late: tuple[Item, ...] = ()
    failing: tuple[Item, ...] = ()
    parked: tuple[Item, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.late or self.failing or self.parked or self.costs.level.is_told)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say either."""
        return self.is_well and not self.costs.cpu_seconds


@dataclass(frozen=True)
class Operations:
    """How all teams stand at a moment; what is no team's is the last, if there is anything.

    `withheld` says why a page does not have everything.
    """

    at: datetime
    teams: tuple[Standing, ...] = ()
    withheld: str = ""

    def of(self, team: str | None) -> Self:
        """The same of one team alone; of all for None."""
        own = tuple(one for one in self.teams if team is None or one.team == team)
        return replace(self, teams=own)

    @property
    def to_do(self) -> int:
        """How many teams have something to do."""
        return sum(not one.is_well for one in self.teams)
