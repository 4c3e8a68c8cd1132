"""Sensors and schedules: ticks counted once, and who fails now."""

from __future__ import annotations

import pytest
from dagster._core.scheduler.instigation import TickStatus

from sales_assets.metrics import ticks
from sales_assets_tests.metrics.world import ERROR, World, labelled

WATCH = {"team": "none", "location": "alpha", "instigator": "watch", "type": "sensor"}
NIGHTLY = {**WATCH, "instigator": "nightly", "type": "schedule"}
FAILING = "sales_assets_instigator_failing"


def counted(here: World, status: TickStatus, **of: str) -> float:
    labels = labelled(**(of or WATCH), status=status.value)
    return here.read()["sales_assets_ticks_total"][labels]


def test_a_tick_is_counted_when_it_has_ended_and_once(here: World) -> None:
    here.tick(TickStatus.SUCCESS)
    assert counted(here, TickStatus.SUCCESS) == 0, "it was before the process"
    begun = here.tick(TickStatus.STARTED)
    here.tick(TickStatus.SKIPPED)
    assert [counted(here, s) for s in (TickStatus.SUCCESS, TickStatus.SKIPPED)] == [0, 1]
    here.instance.update_tick(begun.with_status(TickStatus.SUCCESS, run_ids=[]))
    for _ in range(2):
        assert [counted(here, s) for s in (TickStatus.SUCCESS, TickStatus.SKIPPED)] == [1, 1]


def test_a_tick_that_went_on_when_the_process_began_is_counted_at_its_end(here: World) -> None:
    begun = here.tick(TickStatus.STARTED)
    here.restart()
    here.read()
    here.instance.update_tick(begun.with_status(TickStatus.FAILURE, error=ERROR))
    assert counted(here, TickStatus.FAILURE) == 1


def test_more_ticks_than_a_page_are_all_counted(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "PAGE", 60)
    here.read()
    for _ in range(130):
        here.tick(TickStatus.SKIPPED)
    assert counted(here, TickStatus.SKIPPED) == 130


def test_who_fails_now_is_told_until_a_tick_succeeds(here: World) -> None:
    here.tick(TickStatus.FAILURE)
    here.restart()
    assert here.read()[FAILING][labelled(**WATCH)] == 1, "it failed before the process began"
    here.tick(TickStatus.SKIPPED)
    assert here.read()[FAILING][labelled(**WATCH)] == 0
    here.tick(TickStatus.FAILURE)
    assert here.read()[FAILING][labelled(**WATCH)] == 1


def test_what_is_switched_off_does_not_fail(here: World) -> None:
    here.tick(TickStatus.FAILURE)
    assert here.read()[FAILING][labelled(**WATCH)] == 1
    [location] = here.process.get_current_workspace().code_location_entries.values()
    assert location.code_location is not None
    [repository] = location.code_location.get_repositories().values()
    here.instance.stop_sensor(
        repository.get_sensors()[0].get_remote_origin_id(),
        repository.get_sensors()[0].selector_id,
        repository.get_sensors()[0],
    )
    found = here.read()
    assert found[FAILING][labelled(**WATCH)] == 0
    assert found["sales_assets_instigator_running"][labelled(**WATCH)] == 0


def test_a_schedule_that_is_off_from_the_start_is_told_as_off(here: World) -> None:
    here.tick(TickStatus.FAILURE, "nightly")
    found = here.read()
    assert found["sales_assets_instigator_running"][labelled(**NIGHTLY)] == 0
    assert found[FAILING][labelled(**NIGHTLY)] == 0
