"""When costs are made up, and for which days: those of a run that failed are made again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.automation.costs import build_costs_schedule
from sales_assets.partitions import daily_partitions

PARTITIONS = daily_partitions(date(2024, 1, 1))
SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
MIDNIGHT = datetime(2024, 6, 1, 0, 5, tzinfo=UTC)


def schedule(*, shared: bool = True) -> dg.ScheduleDefinition:
    @dg.asset(partitions_def=PARTITIONS)
    def costs() -> None: ...

    return build_costs_schedule(costs, PARTITIONS, shared=shared)


def asked(instance: dg.DagsterInstance, at: datetime = MIDNIGHT) -> tuple[str, str]:
    """The first and last day of the run that the schedule asks for."""
    context = dg.build_schedule_context(instance, scheduled_execution_time=at)
    request = schedule()(context)
    assert isinstance(request, dg.RunRequest)
    return request.tags[FIRST], request.tags[LAST]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as made:
        yield made


def ran(
    instance: dg.DagsterInstance,
    first: str,
    last: str,
    status: dg.DagsterRunStatus,
    by: str = "costs",
) -> None:
    tags = {FIRST: first, LAST: last, "dagster/schedule_name": by}
    instance.add_run(dg.DagsterRun(job_name="costs", tags=tags, status=status))


@pytest.mark.parametrize(("shared", "when"), [(True, "5 * * * *"), (False, "30 5 * * *")])
def test_it_runs_every_hour_where_teams_share_and_else_every_day(shared: bool, when: str) -> None:
    made = schedule(shared=shared)
    assert made.cron_schedule == when
    assert made.default_status is dg.DefaultScheduleStatus.RUNNING


def test_it_asks_for_yesterday_and_today(instance: dg.DagsterInstance) -> None:
    assert asked(instance) == ("2024-05-31", "2024-06-01")
    ran(instance, "2024-05-31", "2024-06-01", SUCCESS)
    assert asked(instance) == ("2024-05-31", "2024-06-01")


def test_days_of_a_run_that_failed_before_midnight_are_made_until_one_succeeds(
    instance: dg.DagsterInstance,
) -> None:
    ran(instance, "2024-05-30", "2024-05-31", SUCCESS)
    ran(instance, "2024-05-30", "2024-05-31", FAILURE)
    assert asked(instance) == ("2024-05-30", "2024-06-01")
    ran(instance, "2024-05-30", "2024-06-01", FAILURE)
    assert asked(instance, datetime(2024, 6, 2, 5, tzinfo=UTC)) == ("2024-05-30", "2024-06-02")
    ran(instance, "2024-05-30", "2024-06-02", SUCCESS)
    assert asked(instance, datetime(2024, 6, 2, 6, tzinfo=UTC)) == ("2024-06-01", "2024-06-02")


def test_a_year_that_somebody_made_by_hand_does_not_count(instance: dg.DagsterInstance) -> None:
    ran(instance, "2024-01-01", "2024-01-31", SUCCESS, by="nobody")
    assert asked(instance) == ("2024-05-31", "2024-06-01")


def test_no_day_before_the_first_partition_is_asked_for(instance: dg.DagsterInstance) -> None:
    at = datetime(2024, 1, 1, 1, 5, tzinfo=UTC)
    assert asked(instance, at) == ("2024-01-01", "2024-01-01")
