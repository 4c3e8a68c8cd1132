"""Whether all is well after a chaos run.

Belongs here: peace, equal tables, one alert and one recovery for each fault. Does not: the run.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from sales_assets.alerts.outbox import waiting
from sales_assets.alerts.store import alert_store
from sales_assets.errors import SalesAssetsError
from sales_assets.healing import parked
from sales_assets.healing.commands import Healing
from sales_assets.settings import PREFIX
from sales_assets_tests.chaos.drops import FIRST
from sales_assets_tests.chaos.run import Injected
from sales_assets_tests.chaos.world import LAST, World, contracts, unfinished
from sales_assets_tests.harness import Installation

Tables = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True)
class State:
    """What an installation came to: every row of every table, and the checks that fail."""

    tables: Tables
    failing: frozenset[str]


def unrest(world: World, failing: frozenset[str]) -> list[str]:
    """All that still waits, works or is wrong, but for the checks that fail without faults too."""
    instance, url = world.made.instance, world.made.settings.catalogue_address
    store = alert_store(url)
    going = [s for s in BulkActionStatus if s not in BULK_ACTION_TERMINAL_STATUSES]
    backfills = instance.get_backfills(BulkActionsFilter(statuses=going))
    found = [f"run {run}" for run in unfinished(instance)]
    found += [f"backfill {backfill.backfill_id}" for backfill in backfills]
    found += [
        f"open: {one.problem.what}: {one.problem.cause}"
        for one in store.read()[1]
        if one.problem.key.removeprefix("check:") not in failing
    ]
    found += [f"message: {one.title}" for one in waiting(store.engine) if "check" not in one.title]
    found += [f"parked: {one}" for one in parked(url)]
    found += [f"pool held by {run}" for run in instance.event_log_storage.get_concurrency_run_ids()]
    found += list(_healing(world))
    return found


def _healing(world: World) -> Iterator[str]:
    with Healing(world.made.settings) as healing:
        for one in healing.look(keep=False).targets:
            if not one.plan.is_empty:
                yield f"{one.target.name}: {one.plan}"


def state_of(made: Installation) -> State:
    """What an installation has come to; nothing while something still writes."""
    try:
        return State(made.tables(), failing_checks(made))
    except SalesAssetsError:
        return State({}, frozenset())


def failing_checks(made: Installation) -> frozenset[str]:
    """The checks whose last result is a failure, by asset and name."""
    keys = list(made.definitions.resolve_asset_graph().asset_check_keys)
    latest = made.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    failed = AssetCheckExecutionRecordStatus.FAILED
    return frozenset(
        f"{key.asset_key.to_user_string()}:{key.name}"
        for key, record in latest.items()
        if record.status is failed
    )


def from_scratch(world: World, home: Path) -> State:
    """What one process makes of the same drops, without any fault."""
    settings: dict[str, Any] = {
        "exchange_rates": world.made.settings.exchange_rates,
        "exchange_rates_url": world.api.url,
    }
    # The variable is the chaos run's own database.
    database = os.environ.pop(f"{PREFIX}DAGSTER_POSTGRES_URL", None)
    try:
        with Installation(home / "alone", contracts(home / "alone-contracts"), **settings) as alone:
            for (source, name), text in world.dropped.items():
                alone.write_drop(source, name, text)
            alone.materialize(FIRST.isoformat(), LAST.isoformat())
            return state_of(alone)
    finally:
        if database is not None:
            os.environ[f"{PREFIX}DAGSTER_POSTGRES_URL"] = database


def differences(one: State, other: State) -> list[str]:
    """Where two states are not the same."""
    found = []
    for name in sorted(one.tables.keys() | other.tables.keys()):
        mine, yours = (Counter(map(repr, state.tables.get(name, []))) for state in (one, other))
        if mine != yours:
            less, more = list((yours - mine).elements()), list((mine - yours).elements())
            told = f"{len(more)} rows too many {more[:2]}, {len(less)} lack {less[:2]}"
            found.append(f"{name}: {told}")
    return found


def wrongly_told(injected: list[Injected], titles: list[str]) -> list[str]:
    """Faults without exactly one alert and one recovery, and alerts without a fault."""
    found = []
    expected = Counter(one.fault.what for one in injected)
    for what, times in expected.items():
        for word in ("ERROR", "RECOVERED"):
            told = sum(title.startswith(word) and what in title for title in titles)
            if told != times:
                found.append(f"{what}: {times} faults, {told} times {word}")
    found += [
        f"without a fault: {title}" for title in titles if not any(w in title for w in expected)
    ]
    return found
