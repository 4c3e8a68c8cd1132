"""Failed runs in the event log of a real instance: which are told, and when they have recovered."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events import AssetMaterializationPlannedData, StepMaterializationData

from sales_assets_tests.alerts.conftest import RAW, Small


def test_a_failed_run_is_told_with_its_assets_days_and_reason(small: Small) -> None:
    small.works.fails = {"2024-01-02"}
    small.run("2024-01-01", "2024-01-03")
    [title] = small.passes()
    assert title == f"ERROR {RAW} failed for 2024-01-01 to 2024-01-03"
    text = small.scene.channels.taken[0].text
    assert "the drop of 2024-01-02 lacks a column" in text
    assert "Affects: marts/daily_revenue, reports/sales_report" in text
    assert "http://ui/runs/" in text


def test_it_has_recovered_when_all_its_days_were_made_and_not_before(small: Small) -> None:
    small.works.fails = {"2024-01-02"}
    small.run("2024-01-01", "2024-01-03")
    assert len(small.passes()) == 1
    small.works.fails = set()
    small.run("2024-01-02", only=[RAW])
    assert small.passes() == [], "of 2024-01-03 nothing was made"
    small.run("2024-01-03", only=[RAW])
    assert small.passes() == [f"RECOVERED {RAW} failed for 2024-01-01 to 2024-01-03"]


def test_a_retry_that_fails_too_is_the_same_incident(small: Small) -> None:
    small.works.fails = {"raw"}
    for _ in range(3):
        small.run("2024-01-01")
    assert len(small.passes()) == 1
    assert small.scene.store.read()[1][0].told.failures == 3
    small.works.fails = set()
    small.run("2024-01-01")
    assert small.passes() == [f"RECOVERED {RAW} failed for 2024-01-01"]


def test_a_success_that_another_failure_follows_is_no_recovery(small: Small) -> None:
    small.works.fails = {"raw"}
    small.run("2024-01-01")
    assert len(small.passes()) == 1
    small.works.fails = set()
    small.run("2024-01-01")
    small.works.fails = {"raw"}
    small.run("2024-01-01")
    assert small.passes() == []
    assert small.passes() == []
    small.works.fails = set()
    small.run("2024-01-01")
    assert small.passes() == [f"RECOVERED {RAW} failed for 2024-01-01"]


def test_what_failed_and_was_made_again_between_two_looks_has_recovered(small: Small) -> None:
    small.works.fails = {"raw"}
    small.run("2024-01-01")
    assert len(small.passes()) == 1
    small.run("2024-01-01")
    small.works.fails = set()
    small.run("2024-01-01")
    assert small.passes() + small.passes() == [f"RECOVERED {RAW} failed for 2024-01-01"]


def test_another_day_is_another_incident(small: Small) -> None:
    small.works.fails = {"raw"}
    small.run("2024-01-01")
    small.run("2024-01-02")
    assert len(small.passes()) == 2


def died(small: Small, *, before_its_checks: bool) -> dg.DagsterRun:
    """A run that failed after it had made all of a day."""
    result = small.run("2024-01-01", only=["marts/daily_revenue"])
    run = small.instance.get_run_by_id(result.run_id)
    assert run is not None
    if before_its_checks:
        planned = AssetCheckEvaluationPlanned(
            asset_key=dg.AssetKey(["marts", "daily_revenue"]), check_name="one_more"
        )
        kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value
        event = dg.DagsterEvent(kind, run.job_name, event_specific_data=planned)
        small.instance.report_dagster_event(event, run.run_id)
    small.instance.report_run_failed(run, "the machine went down")
    return run


def test_a_run_that_died_before_its_checks_has_not_recovered_by_what_it_had_made(
    small: Small,
) -> None:
    died(small, before_its_checks=True)
    assert len(small.passes()) == 1
    small.run("2024-01-05", only=["marts/daily_revenue"])
    assert small.passes() == []
    small.run("2024-01-01", only=["marts/daily_revenue"])
    assert len(small.passes()) == 1


def test_a_run_that_died_with_nothing_left_to_do_has_recovered(small: Small) -> None:
    died(small, before_its_checks=False)
    title = "marts/daily_revenue failed for 2024-01-01"
    assert small.passes() + small.passes() == [f"WARNING {title}", f"RECOVERED {title}"]


def test_what_a_failed_run_had_made_itself_others_have_not_made_for_it(small: Small) -> None:
    run = small.asks_for("2024-01-01", "2024-01-01", only="marts/daily_revenue")
    small.run("2024-01-01", only=["marts/daily_revenue"])
    made = dg.AssetMaterialization(["marts", "daily_revenue"], partition="2024-01-01")
    small.instance.report_dagster_event(
        dg.DagsterEvent(
            dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            run.job_name,
            event_specific_data=StepMaterializationData(made),
        ),
        run.run_id,
    )
    small.instance.report_run_failed(run, "the machine went down")
    assert len(small.passes() + small.passes()) == 1
    small.run("2024-01-01", only=["marts/daily_revenue"])
    assert len(small.passes()) == 1


def test_a_run_that_failed_in_the_queue_has_recovered_by_one_that_made_its_days_meanwhile(
    small: Small,
) -> None:
    waits = small.asks_for("2024-01-01", "2024-01-02", only=RAW)
    small.run("2024-01-01", only=[RAW])
    small.instance.report_run_failed(waits, "the database was away")
    title = f"{RAW} failed for 2024-01-01 to 2024-01-02"
    assert small.passes() + small.passes() == [f"WARNING {title}"], "a day was not made"
    small.run("2024-01-02", only=[RAW])
    assert small.passes() == [f"RECOVERED {title}"]
    waits = small.asks_for("2024-01-01", "2024-01-02", only=RAW)
    small.run("2024-01-01", "2024-01-02", only=[RAW])
    small.instance.report_run_failed(waits, "the database was away")
    assert small.passes() + small.passes() == [f"WARNING {title}", f"RECOVERED {title}"]


def test_a_run_whose_rest_was_brought_to_its_end_has_recovered(small: Small) -> None:
    run = died(small, before_its_checks=True)
    [title] = small.passes()
    resumed = dg.DagsterRun(
        run.job_name,
        run_id="00000000-0000-4000-8000-000000000001",
        status=dg.DagsterRunStatus.SUCCESS,
        tags={"dagster/root_run_id": run.run_id, "dagster/is_resume_retry": "true"},
    )
    small.instance.add_run(resumed)
    small.run("2024-01-05", only=[RAW])
    assert small.passes() == [title.replace("WARNING", "RECOVERED")]


def test_of_a_run_whose_process_died_what_it_had_not_made_is_told_and_recovers(
    small: Small,
) -> None:
    result = small.run("2024-01-01", only=[RAW])
    run = small.instance.get_run_by_id(result.run_id)
    assert run is not None
    planned = AssetMaterializationPlannedData(dg.AssetKey(["marts", "daily_revenue"]), "2024-01-01")
    small.instance.report_dagster_event(
        dg.DagsterEvent.build_asset_materialization_planned_event(
            run.job_name, "marts__daily_revenue", planned
        ),
        run.run_id,
    )
    small.instance.report_run_failed(run, "the machine went down")
    title = "marts/daily_revenue failed for 2024-01-01"
    assert small.passes() == [f"WARNING {title}"], "Dagster makes a dead run again"
    small.run("2024-01-01", only=["marts/daily_revenue"])
    assert small.passes() == [f"RECOVERED {title}"]


def test_of_a_run_that_failed_for_two_teams_each_hears_of_its_own(small: Small) -> None:
    small.works.fails = {"raw", "report"}
    small.run("2024-01-01", only=[RAW, "reports/sales_report"])
    small.passes()
    told = {m.channel: (m.title, m.text) for m in small.scene.channels.taken}
    assert told.keys() == {"retail", "rest"}
    assert told["retail"][0] == f"ERROR {RAW} failed for 2024-01-01"
    assert "template" not in told["retail"][1]
    assert told["rest"][0] == "ERROR reports/sales_report failed for 2024-01-01"
    assert "lacks a column" not in told["rest"][1]


def test_what_is_tried_again_by_itself_is_a_warning(small: Small) -> None:
    small.works.fails = {"raw"}
    retried = {"dagster/max_retries": "1", "dagster/retry_on_asset_or_op_failure": "true"}
    small.run("2024-01-01", tags=retried)
    assert small.passes() == [f"WARNING {RAW} failed for 2024-01-01"]
    assert "It is tried again by itself." in small.scene.channels.taken[0].text


def test_an_interrupted_run_is_not_told_as_a_failure(small: Small) -> None:
    small.works.fails = {"raw"}
    result = small.run("2024-01-01")
    run = small.instance.get_run_by_id(result.run_id)
    assert run is not None
    small.instance.report_run_canceled(run)
    assert small.passes() == []


def test_a_run_that_was_deleted_since_is_not_told(small: Small) -> None:
    small.works.fails = {"raw"}
    result = small.run("2024-01-01")
    small.instance.delete_run(result.run_id)
    assert small.passes() == []


def test_an_asset_without_days_recovers_too(small: Small) -> None:
    small.works.fails = {"report"}
    small.run("2024-01-01", only=["reports/sales_report"])
    [title] = small.passes()
    assert title.startswith("ERROR reports/sales_report failed")
    small.works.fails = set()
    small.run("2024-01-01", only=["reports/sales_report"])
    assert len(small.passes()) == 1


def test_a_job_without_assets_recovers_by_its_next_success(small: Small) -> None:
    fails = [True]

    @dg.op
    def sweep() -> None:
        if fails[0]:
            raise ValueError("the broom is broken")

    @dg.job
    def prune() -> None:
        sweep()

    prune.execute_in_process(instance=small.instance, raise_on_error=False)
    assert small.passes() == ["ERROR the job prune sweep failed"]
    assert "dagster job launch -j prune" in small.scene.channels.taken[0].text
    small.run("2024-01-01")
    assert small.passes() == [], "another job's success says nothing"
    fails[0] = False
    prune.execute_in_process(instance=small.instance)
    assert small.passes() == ["RECOVERED the job prune sweep failed"]
