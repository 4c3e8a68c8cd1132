"""Quiet hours, and the time of a digest.

Belongs here: what their texts mean. Does not: who keeps them (`routes`), or what waits (`book`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Quiet:
    """From a time of day until before another one, in a time zone; over midnight if need be."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `22:00-07:00 Europe/Berlin`; raises ValueError."""
        found = re.fullmatch(rf"{_TIME}-{_TIME} (\S+)", text)
        if found is None:
            raise ValueError(f"{text!r} is no quiet time; write it as 22:00-07:00 Europe/Berlin")
        begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if begin == end:
            raise ValueError(f"{text!r} begins when it ends; name two times")
        return cls(begin, end, _zone(found[5]))

    def until(self, now: datetime) -> datetime | None:
        """The end of the quiet time that `now` is in; None if it is in none."""
        local = now.astimezone(self.zone)
        at = local.time().replace(tzinfo=None)
        if self.begin < self.end:
            is_quiet, day = self.begin <= at < self.end, local.date()
        else:
            is_quiet = at >= self.begin or at < self.end
            day = local.date() + (_DAY if at >= self.begin else timedelta(0))
        if not is_quiet:
            return None
        end = datetime.combine(day, self.end)
        first = _moment(end, self.zone)
        # Where clocks are set back, the time comes twice, and the quiet time may too.
        return first if first > now else _moment(end.replace(fold=1), self.zone)


@dataclass(frozen=True)
class Daily:
    """A time of day, in a time zone."""

    at: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `07:30 Europe/Berlin`; raises ValueError."""
        found = re.fullmatch(rf"{_TIME} (\S+)", text)
        if found is None:
            raise ValueError(f"{text!r} is no time of a digest; write it as 07:30 Europe/Berlin")
        return cls(time(int(found[1]), int(found[2])), _zone(found[3]))

    def last(self, now: datetime) -> datetime:
        """The last such moment, `now` included."""
        day = now.astimezone(self.zone).date()
        today = _moment(datetime.combine(day, self.at), self.zone)
        return today if today <= now else _moment(datetime.combine(day - _DAY, self.at), self.zone)


def quiet_text(text: str | None) -> str | None:
    """The text as it is, if it says quiet hours; for settings and files."""
    if text is not None:
        Quiet.parse(text)
    return text


def daily_text(text: str | None) -> str | None:
    """The text as it is, if it says a time of day; for settings and files."""
    if text is not None:
        Daily.parse(text)
    return text


def _zone(name: str) -> ZoneInfo:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; write one of IANA's, like Europe/Berlin")
    return ZoneInfo(name)


def _moment(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time as a moment; one that summer time skips is as long after the skip."""
    return local.replace(tzinfo=zone).astimezone(UTC)
