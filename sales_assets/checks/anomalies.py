"""Whether a source's days are like its days before: rows, and net revenue in each currency.

Belongs here: which days count, their bands, and the two checks of them. Does not: the rule by
which a day stands out (`baseline`), or days without a drop by themselves (`delivery`). They warn
and block nothing: an odd day may be a true one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import dagster as dg

from sales_assets.checks.baseline import TRAILING, Band, bands
from sales_assets.checks.delivery import due_days
from sales_assets.checks.results import listed, number_of, result
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import Window
from sales_assets.resources.warehouse import LoadedDay, Warehouse

VOLUME = "row_count_in_band"
REVENUE = "net_revenue_in_band"
RECENT = timedelta(weeks=4)
"""Of a longer range, days before its last weeks are told of but do not warn: any long history has
odd days, and who loads it today does not ask about them."""
_EXPECTED = (
    "like the same weekdays of the eight weeks before, at the level of the last two weeks: within "
    "3.5 robust deviations, or no further off than those days were"
)
_TO_DO = (
    "Ask the source whether these days' drops are complete and right, and land them again if they "
    "are not; days that really were so need nothing"
)


def volume_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares `row_count_in_band` for the revenue asset."""
    return dg.AssetCheckSpec(
        VOLUME,
        asset=key,
        description=f"Each day that is due has rows, and a number of them that is {_EXPECTED}.",
    )


def revenue_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares `net_revenue_in_band` for the revenue asset."""
    return dg.AssetCheckSpec(
        REVENUE,
        asset=key,
        description=f"The net revenue of each day, in each of its currencies, is {_EXPECTED}.",
    )


def volume_bands(
    contract: SourceContract, warehouse: Warehouse, window: Window
) -> dict[date, Band]:
    """The rows of each day of a window beside what is expected of it."""
    counting = _counting(contract, warehouse.loaded(contract.name, longer(window)))
    return bands({day: entry.accepted for day, entry in counting.items()}, window.days())


def daily_revenue(
    contract: SourceContract, warehouse: Warehouse, window: Window
) -> dict[str, dict[date, Decimal]]:
    """By currency, the net revenue of each day of a window that is compared.

    A day without a line of a currency has none of it: zero.
    """
    counting = _counting(contract, warehouse.loaded(contract.name, window))
    net = warehouse.net_by_currency(contract.name, window)
    return {
        currency: {day: net.get(day, {}).get(currency, Decimal(0)) for day in counting}
        for currency in sorted({currency for own in net.values() for currency in own})
    }


def revenue_bands(
    contract: SourceContract, warehouse: Warehouse, window: Window
) -> dict[str, dict[date, Band]]:
    """By currency, the net revenue of each day of a window beside what is expected of it."""
    series = daily_revenue(contract, warehouse, longer(window))
    return {currency: bands(own, window.days()) for currency, own in series.items()}


def check_volume(
    key: dg.AssetKey, contract: SourceContract, warehouse: Warehouse, window: Window
) -> dg.AssetCheckResult:
    """The rows of each day of a window against its band; days that are due have some."""
    loaded = warehouse.loaded(contract.name, window)
    wrong = {
        day: "no rows, and a drop was due"
        for day in due_days(contract, window, datetime.now(UTC))
        if day not in loaded or not loaded[day].lines
    }
    compared = volume_bands(contract, warehouse, window)
    wrong |= {
        day: f"{number_of(int(band.value), 'row')}, expected {band.low:,.0f} to {band.high:,.0f}, "
        f"usual are {band.expected:,.0f}"
        for day, band in compared.items()
        if band.stands_out
    }
    return _result(VOLUME, key, compared, {day: [told] for day, told in wrong.items()}, "rows")


def check_revenue(
    key: dg.AssetKey, contract: SourceContract, warehouse: Warehouse, window: Window
) -> dg.AssetCheckResult:
    """The net revenue of each day of a window, in each currency, against its band."""
    by_currency = revenue_bands(contract, warehouse, window)
    wrong: dict[date, list[str]] = {}
    for currency, found in by_currency.items():
        for day, band in found.items():
            if band.stands_out:
                wrong.setdefault(day, []).append(
                    f"{band.value:,.2f} {currency}, expected {band.low:,.2f} to {band.high:,.2f}, "
                    f"usual are {band.expected:,.2f}"
                )
    compared = {day for found in by_currency.values() for day in found}
    return _result(REVENUE, key, compared, wrong, "net revenue")


def _result(
    name: str,
    key: dg.AssetKey,
    compared: Collection[date],
    wrong: Mapping[date, list[str]],
    of: str,
) -> dg.AssetCheckResult:
    last = max([*compared, *wrong], default=date.max)
    told, earlier = (
        {
            day.isoformat(): "; ".join(wrong[day])
            for day in sorted(wrong)
            if (day > last - RECENT) is recent
        }
        for recent in (True, False)
    )
    found = f"{number_of(len(told), 'day')} standing out, {len(compared):,} compared"
    if told:
        first, why = next(iter(told.items()))
        found += f"; {'the first is' if len(told) > 1 else 'it is'} {first} with {why}"
    if earlier:
        found += f"; {len(earlier):,} more before the last four weeks"
    return result(
        name,
        key,
        expected=f"{of} {_EXPECTED}",
        found=found,
        wrong=told,
        to_do=_TO_DO,
        warn=True,
        more={"earlier_days": listed(earlier)} if earlier else None,
    )


def longer(window: Window) -> Window:
    """A window with the days before it that its days are compared with."""
    return Window(window.start - TRAILING, window.end)


def _counting(contract: SourceContract, loaded: Mapping[date, LoadedDay]) -> dict[date, LoadedDay]:
    """The days that are compared: with a drop, and none on which nothing is expected."""
    return {
        day: entry
        for day, entry in loaded.items()
        if entry.lines and contract.history.holds(day) and contract.calendar.expects(day)
    }
