"""Bringing the ledger up to date, and what it says of a day.

Belongs here: rates, credits and rolling up in their order, a day's figures for the UI. Does not:
the asset that asks for it (`assets.costs`), or any of the parts.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.credits import NO_RIGHT, read_credits
from sales_assets.costs.entries import Entry, entries
from sales_assets.costs.ledger import Ledger, account_name
from sales_assets.costs.pricing import Prices, note_rates, shown
from sales_assets.costs.rolling_up import roll_up
from sales_assets.errors import PermanentError
from sales_assets.partitions import Window
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import read_teams_if_right
from sales_assets.resources.warehouse import Warehouse
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import Settings

LATE = timedelta(days=2)
"""Snowflake says hours later what was used; so far back is asked again each time."""
ASKED_EVERY = timedelta(hours=6)
"""Asking wakes a warehouse, which is paid for a minute at least, for what is hours late anyway."""
KEPT_DAYS = 3
"""Rows of the last days are never rolled up: credits that come late replace rows of theirs."""
_log = logging.getLogger("sales_assets.costs")
Figures = dict[str, int | float | str]


@dataclass(frozen=True)
class Books:
    """The ledger as it is after it was brought up to date."""

    ledger: Ledger
    teams: Teams | None
    prices: Prices
    now: datetime
    trouble: str = ""
    """Why no credits were read, where there are some."""

    def entries(self, window: Window) -> list[Entry]:
        """What was used on some days."""
        return entries(self.ledger, window, self.now)


def teams_of(settings: Settings) -> Teams | None:
    """The teams of the installation, if it has some and the file is right."""
    return read_teams_if_right(settings.teams_file) if settings.teams_file else None


def bring_up_to_date(
    settings: Settings, warehouse: Warehouse, window: Window, now: datetime
) -> Books:
    """Note rates, read the credits of a window and of the last days, roll up what is old."""
    ledger, teams = Ledger(settings.catalogue_address), teams_of(settings)
    note_rates(ledger, teams, now.date())
    kept_since = now.date() - timedelta(days=max(settings.keep_runs_days, KEPT_DAYS))
    trouble = ""
    if settings.warehouse is WarehouseKind.SNOWFLAKE:
        try:
            _read(settings, ledger, warehouse, window, kept_since, now, teams)
        except PermanentError as error:
            trouble = f"{NO_RIGHT} ({error})"
            _log.warning("%s", trouble)
    while roll_up(ledger, kept_since, now):
        pass
    return Books(ledger, teams, Prices.of(ledger, teams, now.date()), now, trouble)


def _read(
    settings: Settings,
    ledger: Ledger,
    warehouse: Warehouse,
    window: Window,
    kept_since: date,
    now: datetime,
    teams: Teams | None,
) -> None:
    """Credits of days that are not rolled up; those of the last days wait for what comes late.

    Days that are over are asked for at once: somebody wants them. Today's are only now and then.
    """
    kept_since = max(kept_since, ledger.rolled_up_until())  # fewer days may have been kept before
    first, last = max(window.start, kept_since), window.end
    name = str(settings.snowflake_warehouse)
    if is_today := now.date() in window:
        first = max(min(first, (now - LATE).date()), kept_since)
    since, until = (datetime.combine(day, time(), UTC) for day in (first, last))
    if since >= until or (is_today and ledger.were_credits_read(name, since, now - ASKED_EVERY)):
        return
    ends = _ends(ledger, account_name(name), since, until)
    ledger.replace_credits(since, until, read_credits(warehouse, since, ends, teams))
    if is_today:
        ledger.note_credits_read(name, since, now)


def _ends(ledger: Ledger, name: str, since: datetime, until: datetime) -> dict[str, datetime]:
    """Until when the credits of each warehouse count: of one of another name until it was left.

    The warehouse may have changed within these days, and what is read replaces all that was known
    of them. Whoever goes on using the one before pays for it, and for its idle hours.
    """
    ends = {}
    for former, at in ledger.warehouses_read().items():
        left = (at + ASKED_EVERY).replace(minute=0, second=0, microsecond=0)
        if former != name and left > since:
            ends[former] = min(left, until)
    return ends | {name: until}


def figures(found: Iterable[Entry], prices: Prices, day: date) -> Figures:
    """The entries of a day as numbers that the UI plots, in the units that people use."""
    used, idle, peak = Amounts(), Amounts(), 0
    money = idle_money = prices.price(date.min, Amounts(), "")
    for entry in found:
        cost = prices.price(entry.day, entry.amounts, entry.team)
        peak = max(peak, entry.peak_of_step)
        if entry.idle:
            idle, idle_money = idle + entry.amounts, idle_money + cost
        else:
            used, money = used + entry.amounts, money + cost
    told: Figures = {
        "cpu_seconds": float(used.cpu_seconds),
        "wall_seconds": float(used.wall_seconds),
        "peak_megabytes": peak // 1_000_000,
        "gigabyte_hours": float(used.gigabyte_hours),
        "bytes_read": used.read,
        "bytes_written": used.written,
        "credits": float(used.credit_count),
    }
    if idle != Amounts():
        told |= {
            "idle_cpu_seconds": float(idle.cpu_seconds),
            "idle_gigabyte_hours": float(idle.gigabyte_hours),
            "idle_credits": float(idle.credit_count),
        }
    if (currency := prices.currency_on(day)) is not None:
        told["currency"] = currency
        told["cost"] = float(shown(money, 6))
        if idle != Amounts():
            told["idle_cost"] = float(shown(idle_money, 6))
    return told


def by_asset(found: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries of each asset."""
    assets: dict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        if entry.asset:
            assets[entry.asset].append(entry)
    return dict(assets)
