"""Reading what checks said last from an instance in which runs really were."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent

from sales_assets.report.check_results import read_checks
from sales_assets.report.checks import Checked, Outcome

KEY = dg.AssetKey(["marts", "revenue"])
WARN = dg.AssetCheckSeverity.WARN
FOUND: dict[str, dg.AssetCheckResult] = {
    "adds_up": dg.AssetCheckResult(passed=True, description="5 of 5 add up"),
    "is_plausible": dg.AssetCheckResult(passed=False, severity=WARN, description="2 stand out"),
    "is_sound": dg.AssetCheckResult(passed=False, description="1 is wrong. Mend it"),
    "is_silent": dg.AssetCheckResult(passed=True),
}


def check(name: str) -> dg.AssetChecksDefinition:
    """A check that finds what `FOUND` has for it, or breaks."""

    @dg.asset_check(asset=KEY, name=name, description=f"What {name} looks at.")
    def looks() -> dg.AssetCheckResult:
        return FOUND[name]

    return looks


@dg.asset(key=KEY)
def revenue() -> None:
    """What is checked."""


CHECKS = [check(name) for name in (*FOUND, "is_broken", "is_new")]
SPECS = [spec for made in CHECKS for spec in made.check_specs]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def read(instance: dg.DagsterInstance, run_id: str = "another") -> dict[str, Checked]:
    return {checked.name: checked for checked in read_checks(instance, SPECS, run_id)}


def test_every_outcome_is_told_with_its_sentence(instance: dg.DagsterInstance) -> None:
    before = datetime.now(UTC)
    assert dg.materialize([revenue, *CHECKS[:4]], instance=instance).success
    found = read(instance)
    assert {name: (checked.outcome, checked.said) for name, checked in found.items()} == {
        "adds_up": (Outcome.PASSED, "5 of 5 add up"),
        "is_plausible": (Outcome.WARNED, "2 stand out"),
        "is_sound": (Outcome.FAILED, "1 is wrong. Mend it"),
        "is_silent": (Outcome.PASSED, "What is_silent looks at."),
        "is_broken": (Outcome.NOT_RUN, "What is_broken looks at."),
        "is_new": (Outcome.NOT_RUN, "What is_new looks at."),
    }
    assert {checked.asset for checked in found.values()} == {"marts/revenue"}
    at = found["adds_up"].at
    assert at is not None
    assert before <= at <= datetime.now(UTC)
    assert found["is_new"].at is None


def test_the_last_of_several_results_counts(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    dg.materialize([revenue, *CHECKS[:4]], instance=instance)
    monkeypatch.setitem(FOUND, "is_sound", dg.AssetCheckResult(passed=True, description="mended"))
    dg.materialize([revenue, *CHECKS[:4]], instance=instance)
    assert read(instance)["is_sound"].outcome is Outcome.PASSED


def test_a_check_that_broke_is_not_taken_for_its_result_before(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FOUND, "is_broken", dg.AssetCheckResult(passed=True))
    dg.materialize([revenue, CHECKS[4]], instance=instance)
    assert read(instance)["is_broken"].outcome is Outcome.PASSED
    monkeypatch.delitem(FOUND, "is_broken")
    run = dg.materialize([revenue, CHECKS[4]], instance=instance, raise_on_error=False)
    found = read(instance)["is_broken"]
    assert (found.outcome, found.at) == (Outcome.NOT_RUN, None)
    assert found.said.startswith("A run of 20")
    assert found.said.endswith(" UTC has not looked at it.")
    # As the run itself, had it made the page before it came to the check.
    assert read(instance, run.run_id)["is_broken"].outcome is Outcome.TO_COME


def test_a_check_that_another_run_is_about_to_do_is_still_to_come(
    instance: dg.DagsterInstance,
) -> None:
    run = dg.materialize([revenue, CHECKS[4]], instance=instance, raise_on_error=False)
    begun = DagsterEvent(dg.DagsterEventType.RUN_START.value, run.dagster_run.job_name)
    instance.run_storage.handle_run_event(run.run_id, begun)
    assert read(instance)["is_broken"].outcome is Outcome.TO_COME


def test_no_checks_are_no_query(instance: dg.DagsterInstance) -> None:
    assert read_checks(instance, [], "run") == []
