"""The sensor `heal` beside the one of the landing zone, with real runs, catalogue and instance."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.storage.partition_status_cache import AssetPartitionStatus

from sales_assets.alerts.problems import SERVICES
from sales_assets.alerts.services import WORK
from sales_assets.alerts.store import alert_store
from sales_assets.automation.landing import LAYERS
from sales_assets.errors import PermanentError
from sales_assets.healing import parked
from sales_assets.healing.asking import ask
from sales_assets.healing.tags import HEALING_TAG
from sales_assets.instance.liveness import run_lock
from sales_assets.partitions import Window
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.alerts.scene import Scene, problem
from sales_assets_tests.harness import QUIET, SHOP, Installation, drop

RUN_KEY = "dagster/run_key"
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
Make = Callable[..., Installation]


class BrokenStore(DirectoryObjectStore):
    """An object store that refuses all while a file beside it says so."""

    def find(self, prefix: str) -> list[str]:
        if Path(f"{self.root}.broken").exists():
            raise PermanentError("the bucket is not yours")
        return super().find(prefix)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes an installation with drops of three days; healing waits for nobody by default."""
    with ExitStack() as stack:
        # Of days after those with drops this contract says nothing.
        contract = tmp_path / SHOP.name
        contract.write_text(SHOP.read_text().replace("end: 2024-03-01", "end: 2024-01-04"))

        def make(**settings: Any) -> Installation:
            settings = {"healing_patience_seconds": 0, "settle_seconds": 0} | settings
            store = BrokenStore(root=str(tmp_path / "objects"))
            made = stack.enter_context(
                Installation(tmp_path / "home", [contract], {"object_store": store}, **settings)
            )
            for day in DAYS:
                land(made, day, "1.50")
            return made

        yield make


def land(made: Installation, day: str, price: str) -> None:
    path = made.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,{price}"))
    minute_ago = time.time() - 60
    os.utime(path, (minute_ago, minute_ago))


def tick(made: Installation, name: str = "heal", cursor: str | None = None) -> Any:
    sensor = made.definitions.get_sensor_def(name)
    with dg.build_sensor_context(
        instance=made.instance, cursor=cursor, resources=made.resources
    ) as context:
        return sensor(context)


def requests(found: Any) -> list[dg.RunRequest]:
    return list(found.run_requests or []) if isinstance(found, dg.SensorResult) else []


def spans(found: Any) -> list[tuple[str, str]]:
    return [(request.tags[START], request.tags[END]) for request in requests(found)]


def carry_out(made: Installation, found: Any) -> list[bool]:
    """Run what was asked for, one after the other, as the daemon does: each key once."""
    job = made.definitions.resolve_implicit_global_asset_job_def()
    done = []
    for request in requests(found):
        key = {RUN_KEY: request.run_key} if request.run_key else {}
        if key and made.instance.get_runs(dg.RunsFilter(tags=key)):
            continue
        result = job.execute_in_process(
            instance=made.instance,
            asset_selection=list(request.asset_selection or ()),
            tags={**request.tags, **key},
            run_config=QUIET,
            raise_on_error=False,
        )
        done.append(result.success)
    return done


def fail_in_the_queue(made: Installation, day: str, end: str = "report_run_failed") -> None:
    """A run of a day of the source that ends before it has begun."""
    keys = [dg.AssetKey(["tests", "shop", layer]) for layer in LAYERS]
    queued = made.instance.create_run_for_job(
        made.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset(keys),
        tags={START: day, END: day},
    )
    getattr(made.instance, end)(queued)


def break_store(made: Installation, broken: bool) -> None:
    flag = Path(f"{made.overrides['object_store'].root}.broken")
    if broken:
        flag.touch()
    else:
        flag.unlink()


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


def parked_now(made: Installation) -> list[Any]:
    tick(made)
    return parked(made.settings.catalogue_address)


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
