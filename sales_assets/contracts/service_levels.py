"""The service levels of a contract: how late a line may come, and how old its rate may be.

Belongs here: reading and checking the standard's `slaProperties` that something here keeps to; all
others are for people. Does not: what is made of them, or any other field (`rules`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from open_data_contract_standard.model import ServiceLevelAgreementProperty

from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.problems import Problems

_DAY_UNITS = {"d", "day", "days"}
_MOST_LATE_DAYS = 3_660
_MOST_RATE_AGE_DAYS = 31


def read_tolerance(
    problems: Problems, slas: Sequence[ServiceLevelAgreementProperty] | None
) -> timedelta:
    """How far before its drop's day a line may be dated: the standard's `latency`, in days."""
    fixes = "give the latency in days: d", f"give whole days, at most {_MOST_LATE_DAYS}"
    days = _days(problems, slas, "latency", range(_MOST_LATE_DAYS + 1), fixes)
    return timedelta(days=days or 0)


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
    for index, sla in enumerate(slas or []):
        if sla.property == name:
            field = f"slaProperties[{index}]"
            days = sla.value
            if sla.unit not in _DAY_UNITS:
                problems.add(f"{field}.unit", f"is '{sla.unit}'", fixes[0])
            elif isinstance(days, bool) or not isinstance(days, int | float) or days not in span:
                problems.add(f"{field}.value", f"is {days!r}", fixes[1])
            else:
                return int(days)
    return None
