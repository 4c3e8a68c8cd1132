"""Moments of the audit log: as rows have them, and as people write them.

Belongs here: both forms. Does not: the clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sales_assets.errors import UsageError

_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def as_text(moment: datetime) -> str:
    """A moment as rows have it: of equal length, so that texts are in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse_moment(text: str, now: datetime) -> datetime:
    """A date, a date with a time (UTC unless it says otherwise), or how long ago: `2h`, `3d`.

    Raises UsageError for any other text.
    """
    if ago := _AGO.fullmatch(text.strip()):
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError as error:
            raise UsageError(f"{text} ago is before the calendar") from error
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no moment; write 2026-11-26, 2026-11-26T09:30, or 90m, 2h, 3d, 1w for "
            "so long ago"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
