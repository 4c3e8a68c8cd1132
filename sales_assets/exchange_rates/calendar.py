"""When the European Central Bank publishes its reference rates.

Belongs here: business days and publication times. Does not: any rate. The calendar is TARGET's,
as the package `holidays` has it; it agrees with every publication from 1999-01-04 to 2026-10-30.
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sales_assets.partitions import DAY, Window

PUBLISHED_AT = time(17, 0)
"""By then, in Frankfurt, the rates of a business day are out: the ECB says "around 16:00"."""
FRANKFURT = ZoneInfo("Europe/Berlin")
LOOK_BACK = timedelta(days=14)
"""How far back the API looks for the last publication; the longest closing is five days."""


def last_publication(day: date) -> date:
    """The last day on or before `day` for which the ECB publishes rates."""
    while not is_business_day(day):
        day -= DAY
    return day


def is_business_day(day: date) -> bool:
    """Whether the ECB publishes rates for a day."""
    return day.weekday() < 5 and day not in _closings()


def published_by(moment: datetime) -> date:
    """The last publication that is out at a moment (aware)."""
    local = moment.astimezone(FRANKFURT)
    day = local.date() if local.time() >= PUBLISHED_AT else local.date() - DAY
    return last_publication(day)


def due_at(day: date) -> datetime:
    """When the publication that a day is due is out at the latest."""
    return datetime.combine(last_publication(day), PUBLISHED_AT, FRANKFURT)


def months(window: Window) -> Iterator[Window]:
    """The whole calendar months that a window touches."""
    start = window.start.replace(day=1)
    while start < window.end:
        end = (start + timedelta(days=32)).replace(day=1)
        yield Window(start, end)
        start = end


@cache
def _closings() -> Container[date]:
    import holidays

    closings: Container[date] = holidays.financial_holidays("XECB")
    return closings
