"""What a contract says of days, as plain frozen values.

Belongs here: which days a source has, when the drop of a day is due, how a line's day is known, and
what counts where several drops or days have the same. Does not: checking what is said (`rules`,
`service_levels`), or which drops make up a day (`resources.manifests`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum


class Overlap(StrEnum):
    """What several drops of one day mean."""

    LATEST = "latest"
    """The newest drop that holds the day is the whole day."""
    LATEST_BY_NAME = "latestByName"
    """The drop with the last name that holds the day is the whole day, whatever the times."""
    UNION = "union"
    """Every drop that holds the day adds its lines."""


class AcrossDays(StrEnum):
    """Which day's line counts if a primary key is there on several days."""

    EARLIEST = "earliest"
    LATEST = "latest"


@dataclass(frozen=True)
class DayFromFileName:
    """The file's name says its day: the group `day` of `pattern`, in `format` (strptime)."""

    pattern: re.Pattern[str]
    format: str


@dataclass(frozen=True)
class DayFromColumn:
    """A date or timestamp column says each line's day; one file may hold many days."""

    column: str


@dataclass(frozen=True)
class History:
    """The half-open span of days that the source has; `end` is None while it goes on."""

    start: date
    end: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day lies in the source's own history."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Calendar:
    """The days on which the source is expected to deliver: ISO weekdays less single days."""

    weekdays: frozenset[int] = frozenset(range(1, 8))
    closed: frozenset[date] = frozenset()

    def expects(self, day: date) -> bool:
        """Whether a drop is due for the day; without one the day is missing, else empty."""
        return day.isoweekday() in self.weekdays and day not in self.closed


@dataclass(frozen=True)
class Delivery:
    """When a day's drop is due: so many days after it, at a time of that day."""

    every_days: int = 1
    """A file comes every so many days, with all days since the last."""
    at: time | None = None
    """With its offset from UTC; None stands for no time that was promised."""

    def due(self, day: date) -> datetime:
        """The moment (UTC) by which the drop of a day has to be there.

        Where no time was promised it is the end of the UTC day.
        """
        on = day + timedelta(days=self.every_days)
        if self.at is None:
            return datetime.combine(on + timedelta(days=1), time(tzinfo=UTC))
        return datetime.combine(on, self.at).astimezone(UTC)
