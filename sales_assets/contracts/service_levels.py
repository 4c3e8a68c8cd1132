"""The service levels of a contract: when drops are due, how late a line, how old a rate may be.

Belongs here: reading and checking the standard's `slaProperties` that something here keeps to; all
others are for people. Does not: what is made of them, or any other field (`rules`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, time, timedelta

from open_data_contract_standard.model import ServiceLevelAgreementProperty

from sales_assets.contracts.days import Delivery
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.problems import Problems

_DAY_UNITS = {"d", "day", "days"}
_MOST_LATE_DAYS = 3_660
_MOST_DAYS_BETWEEN_DROPS = 366
_MOST_RATE_AGE_DAYS = 31


def read_tolerance(
    problems: Problems, slas: Sequence[ServiceLevelAgreementProperty] | None
) -> timedelta:
    """How far before its drop's day a line may be dated: the standard's `latency`, in days."""
    fixes = "give the latency in days: d", f"give whole days, at most {_MOST_LATE_DAYS}"
    days = _days(problems, slas, "latency", range(_MOST_LATE_DAYS + 1), fixes)
    return timedelta(days=days or 0)


def read_delivery(
    problems: Problems, slas: Sequence[ServiceLevelAgreementProperty] | None
) -> Delivery:
    """When a day's drop is due: the standard's `frequency`, in days, and `timeOfAvailability`.

    `frequency: 1` and `timeOfAvailability: "06:00+00:00"` say that it is there the next day by
    06:00 UTC; the time is written as the standard does, with its offset from UTC or without (UTC).
    """
    fixes = "give the frequency in days: d", f"give whole days, 1 to {_MOST_DAYS_BETWEEN_DROPS}"
    days = _days(problems, slas, "frequency", range(1, _MOST_DAYS_BETWEEN_DROPS + 1), fixes)
    at = None
    for field, sla in _named(slas, "timeOfAvailability"):
        at = _time(sla.value)
        if at is None:
            fix = 'give a time of day in quotes, with its offset from UTC: "06:00+00:00"'
            problems.add(f"{field}.value", f"is {sla.value!r}", fix)
    return Delivery(Delivery.every_days if days is None else days, at)


def _time(value: object) -> time | None:
    """A time of day to the minute, with its offset; None if the text is none."""
    if not isinstance(value, str):
        return None
    try:
        read = time.fromisoformat(value)
    except ValueError:
        return None
    if read.second or read.microsecond:
        return None  # schedules know minutes
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def read_rate_age(problems: Problems, slas: Sequence[ServiceLevelAgreementProperty] | None) -> int:
    """How many days before a line's day its exchange rate may be of: `exchangeRateAge`."""
    fixes = "give the age in days: d", f"give whole days, from 1 to {_MOST_RATE_AGE_DAYS}"
    days = _days(problems, slas, "exchangeRateAge", range(1, _MOST_RATE_AGE_DAYS + 1), fixes)
    return SourceContract.rate_age_days if days is None else days


def _days(
    problems: Problems,
    slas: Sequence[ServiceLevelAgreementProperty] | None,
    name: str,
    span: range,
    fixes: tuple[str, str],
) -> int | None:
    """The days of the first property of this name; `fixes` are of its unit and of its value."""
    for field, sla in _named(slas, name):
        days = sla.value
        if sla.unit not in _DAY_UNITS:
            problems.add(f"{field}.unit", f"is '{sla.unit}'", fixes[0])
        elif isinstance(days, bool) or not isinstance(days, int | float) or days not in span:
            problems.add(f"{field}.value", f"is {days!r}", fixes[1])
        else:
            return int(days)
    return None


def _named(
    slas: Sequence[ServiceLevelAgreementProperty] | None, name: str
) -> Iterator[tuple[str, ServiceLevelAgreementProperty]]:
    """The properties of a name, each with the field that it is in."""
    for index, sla in enumerate(slas or []):
        if sla.property == name:
            yield f"slaProperties[{index}]", sla
