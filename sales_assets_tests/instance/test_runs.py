"""What is told of a run that was started from the command line."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from sales_assets.instance.runs import step_seconds
from sales_assets_tests.instance.recording import (
    BATCHING,
    DAY_KEYS,
    RUN_1,
    build_job,
    open_instance,
    run_range,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@pytest.mark.parametrize("tags", [{}, {"fail": "yes"}], ids=["success", "failure"])
def test_the_seconds_of_steps_are_those_that_dagster_tells(
    tmp_path: Path, tags: dict[str, str]
) -> None:
    with open_instance(tmp_path, BATCHING) as instance:
        assert run_range(build_job({}), instance, RUN_1, DAY_KEYS[:3], **tags) is not bool(tags)
        run = instance.get_run_by_id(RUN_1)
        assert run is not None
        told = instance.get_run_step_stats(RUN_1)
        seconds = step_seconds(instance, run)
    assert seconds == {
        stats.step_key: stats.end_time - stats.start_time
        for stats in told
        if stats.start_time and stats.end_time
    }
    assert set(seconds) >= {"shop__raw", "shop__staged", "shop__revenue"}
    assert min(seconds.values()) > 0


def test_a_step_that_has_not_ended_has_no_seconds(tmp_path: Path) -> None:
    with open_instance(tmp_path, BATCHING) as instance:
        run = instance.create_run_for_job(build_job({}))
        started = dg.DagsterEvent(
            dg.DagsterEventType.STEP_START.value, run.job_name, step_key="shop__raw"
        )
        instance.report_dagster_event(started, run.run_id)
        assert step_seconds(instance, run) == {}
