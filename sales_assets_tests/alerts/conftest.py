"""Small assets that fail as a test wants them to, their instance's alerts, and who is sent them.

Without `from __future__ import annotations`: Dagster reads the assets' annotations as objects.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.alerts.events import Events
from sales_assets.alerts.known_assets import KnownAssets
from sales_assets.alerts.router import Router, utc_now
from sales_assets.alerts.store import AlertStore
from sales_assets.instance.embedded import prepare_home
from sales_assets.settings import Settings
from sales_assets_tests.alerts.receivers import Mailbox, Received, http_receiver, mail_server
from sales_assets_tests.alerts.scene import Channels, Scene, route
from sales_assets_tests.services import postgres_database

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
RAW = "retail/shop/raw"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Works:
    """What the small assets do."""

    fails: set[str] = field(default_factory=set)
    check: dg.AssetCheckResult = field(default_factory=lambda: dg.AssetCheckResult(passed=True))
    blocking: dg.AssetCheckResult = field(default_factory=lambda: dg.AssetCheckResult(passed=True))


@dataclass
class Small:
    """The instance, its alerts, and a clock that can be ahead."""

    instance: dg.DagsterInstance
    works: Works
    scene: Scene
    ahead: timedelta = timedelta(0)

    def run(
        self, *days: str, only: Sequence[str] | None = None, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """A run of a range of days of the assets, or of some of them."""
        return dg.materialize(
            small_assets(self.works),
            instance=self.instance,
            selection=list(only) if only else None,
            run_config=QUIET,
            tags=span(days[0], days[-1]) | (tags or {}),
            raise_on_error=False,
        )

    def asks_for(self, first: str, last: str, *, only: str) -> dg.DagsterRun:
        """A run of an asset that nobody has begun yet."""
        return self.instance.create_run_for_job(
            dg.Definitions(small_assets(self.works)).resolve_implicit_global_asset_job_def(),
            asset_selection=frozenset([dg.AssetKey.from_user_string(only)]),
            tags=span(first, last),
        )

    def passes(self) -> list[str]:
        """A pass, and what it had to tell."""
        before = len(self.scene.channels.taken)
        self.scene.router.one_pass()
        return [m.title for m in self.scene.channels.taken[before:]]


def span(first: str, last: str) -> dict[str, str]:
    """The tags of a run of these days."""
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


def small_assets(works: Works) -> list[Any]:
    @dg.asset(
        key=["retail", "shop", "raw"],
        owners=["team:retail"],
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def raw(context: dg.AssetExecutionContext) -> None:
        days = context.partition_keys
        for day in days:
            if day in works.fails or "raw" in works.fails:
                raise ValueError(f"the drop of {day} lacks a column")
            context.log_event(dg.AssetMaterialization(["retail", "shop", "raw"], partition=day))

    @dg.asset(
        key=["marts", "daily_revenue"],
        deps=[raw],
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[
            dg.AssetCheckSpec("is_right", asset=["marts", "daily_revenue"]),
            dg.AssetCheckSpec("blocks", asset=["marts", "daily_revenue"], blocking=True),
        ],
    )
    def daily_revenue() -> dg.MaterializeResult:  # type: ignore[type-arg]
        return dg.MaterializeResult(
            check_results=[
                works.check._replace(check_name="is_right"),
                works.blocking._replace(check_name="blocks"),
            ]
        )

    @dg.asset(key=["reports", "sales_report"], deps=[daily_revenue])
    def sales_report() -> None:
        if "report" in works.fails:
            raise ValueError("the template is gone")

    return [raw, daily_revenue, sales_report]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    yield from opened(tmp_path, Settings(home=tmp_path))


@pytest.fixture
def small_on_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    with postgres_database() as address:
        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", address)
        monkeypatch.setenv("SALES_ASSETS_CATALOGUE_URL", address)
        monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
        yield from opened(tmp_path, Settings.load())


def opened(folder: Path, settings: Settings) -> Iterator[Small]:
    prepare_home(settings.dagster_home, settings)
    works = Works()
    specs = [spec for made in small_assets(works) for spec in made.specs]
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        scene = Scene(folder, route("retail"), route("rest", team=None))
        scene.store = AlertStore(settings.catalogue_address)
        scene.channels = Channels()
        small = Small(instance, works, scene)
        scene.router = Router(
            scene.store,
            Events(instance, KnownAssets.of(specs, ())),
            [],
            lambda: scene.rules,
            scene.channels.send,
            lambda: utc_now() + small.ahead,
        )
        assert small.passes() == [], "what was before is history"
        yield small
        scene.store.engine.dispose()


@pytest.fixture
def hook() -> Iterator[Received]:
    with http_receiver() as received:
        yield received


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as received:
        yield received
