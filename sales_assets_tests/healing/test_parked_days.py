"""Days that keep failing are parked: when, how long, and what brings them back."""

from __future__ import annotations

import time
from datetime import timedelta

import dagster as dg
import pytest

from sales_assets.healing import parked
from sales_assets.healing.asking import ask
from sales_assets.healing.tags import HEALING_TAG
from sales_assets.partitions import Window
from sales_assets_tests.healing.sensing import (
    DAYS,
    Make,
    break_store,
    carry_out,
    fail_in_the_queue,
    land,
    parked_now,
    requests,
    spans,
    tick,
)


def test_a_day_that_keeps_failing_is_tried_as_often_as_it_may_be_then_parked_until_a_new_drop(
    make: Make,
) -> None:
    made = make()
    landed = tick(made, "landing_zone")
    break_store(made, True)
    assert carry_out(made, landed) == [False]
    asked = []
    for _ in range(6):
        found = tick(made)
        assert spans(tick(made)) == spans(found), "a tick that is done twice asks for the same"
        assert {r.run_key for r in requests(tick(made))} == {r.run_key for r in requests(found)}
        asked.append(spans(found))
        assert not any(carry_out(made, found))
    assert asked == [[(day, day) for day in DAYS]] * 2 + [[]] * 4, "each day by itself, then not"
    [found] = parked(made.settings.catalogue_address)
    assert (found.source, found.team, found.attempts) == ("tests/shop", "tests", 3)
    assert found.window == Window.of_keys(DAYS[0], DAYS[-1])
    assert "the bucket is not yours" in found.last_error
    runs = made.instance.get_runs()
    assert len(runs) == 1 + 2 * 3
    assert sum(HEALING_TAG in run.tags for run in runs) == 6

    break_store(made, False)
    assert spans(tick(made)) == [], "nobody can know that the bucket was mended"
    land(made, DAYS[1], "9.25")
    landed = tick(made, "landing_zone", landed.cursor)
    assert spans(landed) == [(DAYS[1], DAYS[1])]
    assert [str(found.window) for found in parked_now(made)] == [DAYS[0], DAYS[2]]
    assert carry_out(made, landed) == [True]
    assert [str(found.window) for found in parked_now(made)] == [DAYS[0], DAYS[2]]


def test_unparked_days_are_asked_for_again_and_heal(make: Make) -> None:
    made = make(healing_attempts=1)
    break_store(made, True)
    carry_out(made, tick(made, "landing_zone"))
    assert [str(found.window) for found in parked_now(made)] == [f"{DAYS[0]}..{DAYS[2]}"]
    break_store(made, False)
    window = Window.of_keys(DAYS[0], DAYS[1])
    unparked = made.resources["healing"].unpark("tests/shop", window, time.time())
    assert [str(day) for day in unparked] == DAYS[:2]
    found = tick(made)
    assert spans(found) == [(DAYS[0], DAYS[1])]
    assert carry_out(made, found) == [True]
    assert made.query("SELECT count(*) FROM revenue") == [(2,)]
    assert [str(found.window) for found in parked_now(made)] == [DAYS[2]]


def test_a_parked_day_stays_parked_however_many_runs_fail_and_however_long_ago_its_own_did(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(healing_attempts=2)
    made.materialize(DAYS[0], DAYS[-1])
    for _ in range(2):
        fail_in_the_queue(made, DAYS[1])
        tick(made)
    assert [str(found.window) for found in parked_now(made)] == [DAYS[1]]
    for number in range(501):
        made.instance.add_run(
            dg.DagsterRun(
                "__ASSET_JOB",
                run_id=f"00000000-0000-4000-8000-{number:012}",
                status=dg.DagsterRunStatus.FAILURE,
                asset_selection=frozenset([dg.AssetKey(["reports", "sales_report"])]),
            )
        )
    assert [str(found.window) for found in parked_now(made)] == [DAYS[1]]
    fail_in_the_queue(made, DAYS[2])
    assert spans(tick(made)) == [(DAYS[2], DAYS[2])]
    monkeypatch.setattr("sales_assets.healing.runs._REMEMBERED", timedelta(0))
    assert spans(tick(made)) == [], "a run of long ago is nothing to mend"
    assert [str(found.window) for found in parked_now(made)] == [DAYS[1]]


def test_a_parked_day_that_a_backfill_has_made_is_parked_no_more_while_the_backfill_goes_on(
    make: Make,
) -> None:
    made = make(healing_attempts=1)
    made.materialize(DAYS[0], DAYS[-1])
    for day in DAYS[:2]:
        fail_in_the_queue(made, day)
    assert [str(found.window) for found in parked_now(made)] == DAYS[:2]
    graph = made.definitions.resolve_asset_graph()
    window = Window.of_keys(DAYS[0], DAYS[-1])
    raw = dg.AssetKey(["tests", "shop", "raw"])
    ask(made.instance, graph, {raw: [window]}, "a long backfill")
    made.materialize(DAYS[1], DAYS[1])
    assert [str(found.window) for found in parked_now(made)] == [DAYS[0]]
