"""Runs: counted by team, job and state, and those that ended once each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.metrics import finished_runs
from sales_assets.platform.teams import Teams
from sales_assets_tests.metrics.world import World, labelled, world

SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
QUEUED, STARTED = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED
ENDED, COUNT = "sales_assets_runs_finished_total", "sales_assets_run_duration_seconds_count"
LONG_AGO = datetime.now(UTC) - timedelta(days=1)
ALPHA = {"team": "alpha"}


def ended(here: World, status: str = "SUCCESS", team: str = "alpha") -> float:
    return here.read()[ENDED][labelled(team=team, job_name="load", status=status)]


def test_what_ended_before_the_process_began_does_not_count(here: World) -> None:
    here.run(SUCCESS, ALPHA, ended=LONG_AGO)
    here.run(SUCCESS, ALPHA)
    here.restart()
    assert [ended(here), ended(here)] == [0, 0]


def test_each_run_that_ends_is_counted_once_by_team_job_and_status(here: World) -> None:
    here.read()
    for status in (SUCCESS, SUCCESS, FAILURE):
        here.run(status, ALPHA, seconds=20)
    here.run(SUCCESS)
    for _ in range(2):
        assert [ended(here), ended(here, "FAILURE"), ended(here, team="none")] == [2, 1, 1]
    found = here.read()
    assert found[COUNT][labelled(team="alpha")] == 3
    assert found["sales_assets_run_duration_seconds_sum"][labelled(team="alpha")] == pytest.approx(
        60
    )


def test_a_run_that_ends_after_it_was_seen_to_go_on_is_counted(here: World) -> None:
    run = here.run(STARTED, ALPHA)
    assert ended(here) == 0
    now = datetime.now(UTC)
    here.change(
        run,
        status="SUCCESS",
        start_time=now.timestamp() - 5,
        end_time=now.timestamp(),
        update_timestamp=now.replace(tzinfo=None),
    )
    assert ended(here) == 1


def test_a_record_that_changes_after_its_run_ended_does_not_count_again(here: World) -> None:
    old, new = here.run(FAILURE, ALPHA, ended=LONG_AGO), ""
    here.restart()
    assert ended(here, "FAILURE") == 0
    new = here.run(FAILURE, ALPHA)
    assert ended(here, "FAILURE") == 1
    later = (datetime.now(UTC) + timedelta(seconds=5)).replace(tzinfo=None)
    for run in (old, new):
        here.change(run, update_timestamp=later)
    assert ended(here, "FAILURE") == 1


def test_a_record_that_is_committed_late_is_found(here: World) -> None:
    here.read()
    here.run(SUCCESS, ALPHA)
    assert ended(here) == 1
    here.run(SUCCESS, ALPHA, ended=datetime.now(UTC) - timedelta(seconds=60))
    assert ended(here) == 2


def test_more_runs_than_one_scrape_reads_are_counted_by_the_next_ones(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished_runs, "PAGE", 3)
    monkeypatch.setattr(finished_runs, "PAGES", 2)
    here.read()
    begun = datetime.now(UTC)
    for number in range(10):
        here.run(SUCCESS, ALPHA, ended=begun + timedelta(milliseconds=number // 2))
    assert ended(here) == 6
    assert ended(here) == 10


def test_what_waits_and_goes_on_is_counted_by_team_with_the_age_of_the_oldest(here: World) -> None:
    old = here.run(QUEUED, ALPHA)
    here.run(QUEUED, ALPHA)
    here.run(STARTED, {"team": "beta"})
    hour = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    here.change(old, create_timestamp=hour)
    found = here.read()
    runs, ages = found["sales_assets_runs_unfinished"], "sales_assets_run_queue_oldest_age_seconds"
    assert runs[labelled(team="alpha", job_name="load", status="QUEUED")] == 2
    assert runs[labelled(team="beta", job_name="load", status="STARTED")] == 1
    assert runs[labelled(team="beta", job_name="load", status="QUEUED")] == 0
    assert 3600 <= found[ages][labelled(team="alpha")] < 3900
    assert found[ages][labelled(team="beta")] == 0


def test_with_teams_a_run_without_a_mark_is_of_its_code_locations_team(tmp_path: Path) -> None:
    teams = Teams.model_validate(
        {"version": 1, "admins": ["a@b"], "teams": {"tills": {"location": "alpha"}}}
    )
    with world(tmp_path, teams=teams) as here:
        here.read()
        here.run(SUCCESS, {"dagster/code_location": "alpha"})
        here.run(SUCCESS, {"dagster/code_location": "elsewhere"})
        assert [ended(here, team="tills"), ended(here, team="none")] == [1, 1]
