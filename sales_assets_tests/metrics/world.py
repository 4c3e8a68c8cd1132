"""An installation whose numbers are read: its code in this process, its databases for real.

Belongs here: opening it, making runs, ticks and materialisations, reading the numbers. Does not:
any expectation.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import CodeLocationOrigin, InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceLoadTarget
from dagster_shared.error import SerializableErrorInfo
from prometheus_client.parser import text_string_to_metric_families

from sales_assets.contracts.figures import Figures, InCurrency
from sales_assets.exchange_rates.state import RateState
from sales_assets.instance.embedded import POSTGRES, embedded_instance
from sales_assets.metrics.observed import Observed
from sales_assets.metrics.page import MetricsPage
from sales_assets.platform.teams import Teams
from sales_assets.settings import Settings
from sales_assets.telling.numbers import figures_told, lines_told
from sales_assets_tests.metrics import shops

REVENUE = dg.AssetKey(["alpha", "till", "revenue"])
RAW = dg.AssetKey(["beta", "raw"])
API = "http://127.0.0.1:1/v1"
ERROR = SerializableErrorInfo("broken", [], None)
Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Shops(WorkspaceLoadTarget):
    """A code location, loaded in this process."""

    name: str = "alpha"

    def create_origins(self) -> Sequence[CodeLocationOrigin]:
        """One."""
        return [
            InProcessCodeLocationOrigin(
                LoadableTargetOrigin(
                    executable_path=sys.executable, module_name=shops.__name__, attribute=self.name
                ),
                location_name=self.name,
            )
        ]


@dataclass
class World:
    """An installation, and the page of its numbers."""

    instance: dg.DagsterInstance
    process: WorkspaceProcessContext
    state: RateState
    teams: Teams | None = None
    page: MetricsPage = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As if the process that serves the numbers began anew."""
        self.page = MetricsPage(self.observed())

    def observed(self) -> Observed:
        return Observed(
            self.instance,
            self.process.get_current_workspace,
            lambda: self.teams,
            self.state.url,
            API,
        )

    def close(self) -> None:
        """End what reads the numbers."""
        self.page.close()

    def read(self) -> dict[str, dict[Labels, float]]:
        """One scrape: values by name and labels."""
        return parsed(self.page.text())

    def run(
        self,
        status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS,
        tags: Mapping[str, str] | None = None,
        seconds: float = 10.0,
        ended: datetime | None = None,
        job: str = "load",
    ) -> str:
        """A run with a record as if it had ended at a time, now if it is not given."""
        begun = dg.DagsterRunStatus.STARTED  # a queued run would need the code's address
        run = create_run_for_test(self.instance, job, status=begun, tags=dict(tags or {}))
        self.change(run.run_id, status=status.value)
        if status in FINISHED_STATUSES:
            moment = ended or datetime.now(UTC)
            self.change(
                run.run_id,
                start_time=moment.timestamp() - seconds,
                end_time=moment.timestamp(),
                update_timestamp=moment.replace(tzinfo=None),
            )
        return str(run.run_id)

    def change(self, run_id: str, **values: Any) -> None:
        """Change the record of a run."""
        with self.instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
            connection.execute(
                RunsTable.update().where(RunsTable.c.run_id == run_id).values(**values)
            )

    def tick(self, status: TickStatus, name: str = "watch") -> Any:
        """A tick of the sensor or schedule of this name."""
        [location] = self.process.get_current_workspace().code_location_entries.values()
        assert location.code_location is not None
        [repository] = location.code_location.get_repositories().values()
        remotes: list[Any] = [*repository.get_sensors(), *repository.get_schedules()]
        [remote] = [one for one in remotes if one.name == name]
        kind = InstigatorType.SENSOR if name == "watch" else InstigatorType.SCHEDULE
        return self.instance.create_tick(
            TickData(
                remote.get_remote_origin_id(),
                name,
                kind,
                status,
                time.time(),
                selector_id=remote.selector_id,
                error=ERROR if status is TickStatus.FAILURE else None,
                run_ids=[] if status is TickStatus.SUCCESS else None,
            )
        )

    def day(
        self,
        day: date,
        accepted: int,
        rejected: int = 0,
        net: str = "9.50",
        key: dg.AssetKey = REVENUE,
    ) -> None:
        """A day of revenue, told as the pipeline tells it."""
        told = {**lines_told(accepted + rejected, accepted, rejected)}
        if accepted:
            told |= figures_told(figures(accepted, net))
        event = dg.AssetMaterialization(key, partition=day.isoformat(), metadata=told)
        self.instance.report_runless_asset_event(event)


def figures(lines: int, net: str) -> Figures:
    """A day's figures in one currency."""
    amount, day = Decimal(net), date(2024, 1, 2)
    return (
        InCurrency(
            currency="EUR",
            lines=lines,
            gross=amount,
            net=amount,
            late_lines=0,
            first_date=day,
            last_date=day,
            first_time=None,
            last_time=None,
            orders=lines,
        ),
    )


def labelled(**labels: str) -> Labels:
    """Labels as they are compared."""
    return frozenset(labels.items())


def parsed(text: str) -> dict[str, dict[Labels, float]]:
    """A page's values by name and labels."""
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values = found.setdefault(sample.name, {})
            labels = frozenset(sample.labels.items())
            assert labels not in values, (sample.name, labels)
            values[labels] = sample.value
    return found


def days_ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


@contextmanager
def world(
    folder: Path,
    postgres: str | None = None,
    teams: Teams | None = None,
    code: str = "alpha",
) -> Iterator[World]:
    """An installation without a history."""
    home = folder / "home"
    given: dict[str, Any] = {"dagster_postgres_url": postgres} if postgres else {}
    settings = Settings(home=home, **given)
    with ExitStack() as ending, pytest.MonkeyPatch.context() as environment:
        if postgres:
            environment.setenv(POSTGRES, postgres)
        instance = ending.enter_context(embedded_instance(settings.dagster_home, settings))
        process = ending.enter_context(WorkspaceProcessContext(instance, Shops(code)))
        state = RateState(url=postgres or settings.catalogue_address)
        made = World(instance, process, state, teams)
        ending.callback(made.close)
        yield made
