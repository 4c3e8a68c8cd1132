"""The sensor `heal` beside the one of the landing zone, with real runs, catalogue and instance."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.storage.partition_status_cache import AssetPartitionStatus

from sales_assets.alerts.problems import SERVICES
from sales_assets.alerts.services import WORK
from sales_assets.alerts.store import alert_store
from sales_assets.instance.liveness import run_lock
from sales_assets_tests.alerts.scene import Scene, problem
from sales_assets_tests.harness import Installation
from sales_assets_tests.healing.sensing import (
    DAYS,
    Make,
    break_store,
    carry_out,
    fail_in_the_queue,
    parked_now,
    requests,
    spans,
    tick,
)


def test_days_that_the_landing_sensor_has_asked_for_are_left_to_it(make: Make) -> None:
    made = make(healing_patience_seconds=300)
    landed = tick(made, "landing_zone")
    assert spans(landed) == [(DAYS[0], DAYS[-1])]
    assert spans(tick(made)) == []
    working = dg.DagsterRun(
        "__ASSET_JOB",
        run_id="00000000-0000-4000-8000-000000000001",
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset(requests(landed)[0].asset_selection or ()),
        tags=requests(landed)[0].tags,
    )
    made.instance.add_run(working)
    assert spans(tick(make(healing_patience_seconds=0))) == [], "a run of them is under way"
    made.instance.delete_run(working.run_id)
    carry_out(made, landed)
    made.materialize(DAYS[0], DAYS[-1], layers=[], rates=False)
    assert isinstance(tick(made), dg.SkipReason)


def test_a_day_whose_last_run_failed_is_made_once_more_though_it_is_as_its_drops_are(
    make: Make,
) -> None:
    made = make()
    made.materialize(DAYS[0], DAYS[-1])
    assert isinstance(tick(made), dg.SkipReason)
    fail_in_the_queue(made, DAYS[0], "report_run_canceled")
    for _ in ("once", "and again, by the same drops and contract"):
        fail_in_the_queue(made, DAYS[1])
        assert state(made, DAYS[1]) is AssetPartitionStatus.FAILED
        found = tick(made)
        assert spans(found) == [(DAYS[1], DAYS[1])], "what a person has ended is theirs"
        assert carry_out(made, found) == [True]
        assert state(made, DAYS[1]) is AssetPartitionStatus.MATERIALIZED
        made.materialize(DAYS[1], DAYS[1], layers=[], rates=False)
        assert isinstance(tick(made), dg.SkipReason)


def test_a_day_whose_run_died_before_its_checks_is_made_again_unless_somebody_ended_it(
    make: Make,
) -> None:
    made = make()
    result = made.materialize(DAYS[0], DAYS[-1], marts=False)
    made.materialize(DAYS[0], DAYS[-1], layers=[])
    assert isinstance(tick(made), dg.SkipReason)
    done = made.instance.get_run_by_id(result.run_id)
    assert done is not None
    made.instance.report_run_failed(done, "the machine went down")
    assert isinstance(tick(made), dg.SkipReason), "it had come to all of its checks"
    made.instance.report_dagster_event(
        dg.DagsterEvent(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
            done.job_name,
            event_specific_data=AssetCheckEvaluationPlanned(
                asset_key=dg.AssetKey(["tests", "shop", "revenue"]), check_name="never_came_to"
            ),
        ),
        done.run_id,
    )
    found = tick(made)
    assert spans(found) == [(DAYS[0], DAYS[-1])]
    resumed = dg.DagsterRun(
        "__ASSET_JOB",
        run_id="00000000-0000-4000-8000-000000000002",
        status=dg.DagsterRunStatus.SUCCESS,
        tags={"dagster/root_run_id": done.run_id, "dagster/is_resume_retry": "true"},
    )
    made.instance.add_run(resumed)
    assert isinstance(tick(made), dg.SkipReason), "its checks were made up for"


def state(made: Installation, day: str) -> AssetPartitionStatus | None:
    """How the UI shows a day of raw."""
    key = dg.AssetKey(["tests", "shop", "raw"])
    days = made.definitions.resolve_asset_graph().get(key).partitions_def
    assert days is not None
    return (made.instance.get_status_by_partition(key, [day], days) or {})[day]


def test_models_are_made_after_their_sources_but_not_past_a_blocking_check(make: Make) -> None:
    made = make()
    carry_out(made, tick(made, "landing_zone"))
    check = dg.AssetCheckKey(dg.AssetKey(["tests", "shop", "revenue"]), "lines_reconcile")
    for passed in (False, True):
        made.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=check.asset_key, check_name=check.name, passed=passed, metadata={}
            )
        )
        found = tick(made)
        assert len(requests(found)) == int(passed)
    [request] = requests(found)
    keys = {key.path[0] for key in request.asset_selection or ()}
    assert keys == {"staging", "core", "marts"}
    assert spans(found) == [(DAYS[0], DAYS[-1])]
    assert carry_out(made, found) == [True]
    assert isinstance(tick(made), dg.SkipReason)
    assert made.query("SELECT count(*) FROM core.fct_sales") == [(3,)]


def test_a_day_that_a_refused_drop_may_hold_waits_for_a_person(make: Make) -> None:
    made = make()
    made.write_drop("shop", f"{DAYS[1]}.csv", "no,such,header\n1,2,3\n")
    tick(made, "landing_zone")
    assert spans(tick(made)) == [(DAYS[0], DAYS[0]), (DAYS[2], DAYS[2])]


def test_a_day_without_a_drop_is_asked_for_once_it_is_overdue_between_others(make: Make) -> None:
    made = make()
    folder = made.settings.landing_folder / Path(made.contracts["shop"].path).parent
    (folder / f"{DAYS[1]}.csv").unlink()
    tick(made, "landing_zone")
    assert spans(tick(made)) == [(DAYS[0], DAYS[0]), (DAYS[2], DAYS[2])], "nothing is begun yet"
    for day in (DAYS[0], DAYS[2]):
        made.materialize(day, day)
    found = tick(made)
    assert spans(found) == [(DAYS[1], DAYS[1])]
    carry_out(made, found)
    carry_out(made, tick(made))
    assert isinstance(tick(made), dg.SkipReason)


def test_a_run_whose_process_is_gone_is_ended_and_gives_its_place_in_a_pool_back(
    make: Make,
) -> None:
    made = make()
    run_id, pool = "00000000-0000-4000-8000-000000000002", "a_pool"
    made.instance.add_run(dg.DagsterRun("job", run_id=run_id, status=dg.DagsterRunStatus.STARTED))
    storage = made.instance.event_log_storage
    storage.set_concurrency_slots(pool, 1)
    assert storage.claim_concurrency_slot(pool, run_id, "step").is_claimed
    tick(made)
    run = made.instance.get_run_by_id(run_id)
    assert run is not None
    assert not run.is_finished, "of another machine's nothing is known"
    Path(run_lock(made.instance, run_id).lock_file).touch()
    tick(made)
    run = made.instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert storage.get_concurrency_run_ids() == set()


def test_while_the_store_is_away_nothing_is_asked_for_and_what_failed_is_no_attempt(
    make: Make, tmp_path: Path
) -> None:
    made = make(healing_attempts=1)
    alerts, now = Scene(tmp_path), datetime.now(UTC)
    alerts.store = alert_store(made.settings.catalogue_address)
    alerts.router = alerts.another()
    away = problem("service:store", scope=SERVICES, what="the store is away", explains=WORK)
    alerts.services.problems, alerts.now = [replace(away, at=now)], now
    alerts.passes()
    break_store(made, True)
    assert carry_out(made, tick(made, "landing_zone")) == [False]
    rests = tick(made)
    assert isinstance(rests, dg.SkipReason)
    assert "the store is away" in str(rests.skip_message)

    alerts.services.problems = []
    alerts.now = datetime.now(UTC)
    alerts.passes()
    break_store(made, False)
    found = tick(made)
    assert spans(found) == [(DAYS[0], DAYS[-1])]
    assert carry_out(made, found) == [True]
    assert parked_now(made) == []
