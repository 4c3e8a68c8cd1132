"""The head of the audit log is published, and each run compares with the one published before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from sales_assets.assets.audit_head import AUDIT_LOG, accept_audit_log, build_audit_assets
from sales_assets.automation.audit import build_audit_schedules
from sales_assets.build import build_definitions
from sales_assets.errors import UsageError
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.platform.audit.operations import Wanted
from sales_assets.settings import Settings
from sales_assets_tests.harness import PROJECT, QUIET, calling
from sales_assets_tests.platform.audit.written import Owner, fill


class Publishing:
    """A home with teams and an instance, and the job that the schedule starts."""

    def __init__(self, home: Path, instance: dg.DagsterInstance) -> None:
        self.settings = Settings(home=home, teams_file=PROJECT / "deploy" / "teams.yaml")
        self.instance = instance
        assets = build_audit_assets(self.settings)
        (schedule,) = build_audit_schedules(assets)
        self.definitions = dg.Definitions(assets=assets, schedules=[schedule])
        self.log = open_audit_log(self.settings)
        self.owner = Owner(f"sqlite:///{home / 'platform' / 'audit.sqlite'}")

    def publish(
        self, run_config: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any], bool]:
        """The metadata of the head and of the check, and whether this passed."""
        done = self.definitions.resolve_job_def("audit_head").execute_in_process(
            instance=self.instance, run_config={**QUIET, **(run_config or {})}
        )
        (made,) = done.asset_materializations_for_node("platform__audit_log")
        (check,) = done.get_asset_check_evaluations()
        assert check.severity is dg.AssetCheckSeverity.ERROR
        assert (check.check_name, check.blocking) == ("audit_log_is_intact", False)
        return _values(made.metadata), _values(check.metadata), check.passed

    def cut(self) -> None:
        """Remove all rows after the fourth, behind the log's back."""
        self.owner.drop_triggers()
        self.owner.run("DELETE FROM audit_log WHERE number > 4")
        open_audit_log(self.settings).close()  # makes the triggers again


def _values(metadata: Any) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


@pytest.fixture
def publishing(tmp_path: Path) -> Iterator[Publishing]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        made = Publishing(tmp_path / "home", instance)
        yield made
        made.log.close()


def test_a_head_is_published_with_what_was_verified(publishing: Publishing) -> None:
    fill(publishing.log, 3)
    head = publishing.log.head()
    made, check, passed = publishing.publish()
    assert passed
    assert (made["number"], made["hash"]) == (6, head.hash)
    assert (made["rows"], made["verification"]) == (6, "intact")
    assert made["operations_of_unknown_outcome"] == 0
    assert "no head was published before" in check["found"]
    fill(publishing.log, 1)
    made, check, passed = publishing.publish()
    assert (passed, made["number"]) == (True, 8)
    assert "row 6" in check["expected"]


@pytest.mark.long
def test_rows_gone_from_the_end_fail_the_check_until_an_administrator_accepts_it(
    publishing: Publishing,
) -> None:
    fill(publishing.log, 3)
    published, _, _ = publishing.publish()
    publishing.cut()
    for _ in range(2):  # a second run does not take the shorter log for what was published
        made, check, passed = publishing.publish()
        assert not passed
        assert "rows 5-6: missing" in check["found"]
        assert "sales-assets audit accept" in check["to_do"]
        assert "rows 5-6: missing" in made["verification"]
        assert (made["number"], made["hash"]) == (6, published["hash"])
    done = accept_audit_log(publishing.settings, publishing.instance)
    assert done.told() == ["rows 5-6: missing: row 6 was published as the log's head"]
    (accepted,) = publishing.log.operations(Wanted(operation="audit accept"))
    assert (accepted.number, accepted.outcome) == ("5", "succeeded")
    assert accepted.target == str(done.head)
    assert accepted.user.startswith("local:")
    (said,) = publishing.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(AUDIT_LOG, "audit_log_is_intact"), limit=1
    )
    assert said.status is AssetCheckExecutionRecordStatus.FAILED, "the break stays on record"
    made, _, passed = publishing.publish()
    assert (passed, made["number"], made["verified_after"]) == (True, 6, 5)
    with pytest.raises(UsageError, match="nothing to accept"):
        accept_audit_log(publishing.settings, publishing.instance)


def test_no_configuration_of_a_run_lets_a_broken_log_count(publishing: Publishing) -> None:
    fill(publishing.log, 3)
    published, _, _ = publishing.publish()
    publishing.cut()
    accepting = {"ops": {"platform__audit_log": {"config": {"accept": True}}}}
    for _ in range(2):
        made, _, passed = publishing.publish(accepting)
        assert not passed
        assert (made["number"], made["hash"]) == (6, published["hash"])


def test_nothing_is_accepted_and_no_log_made_where_there_is_none(publishing: Publishing) -> None:
    publishing.log.close()
    platform = publishing.settings.home / "platform"
    for file in platform.glob("audit.sqlite*"):
        file.unlink()
    with pytest.raises(UsageError, match="no audit log"):
        accept_audit_log(publishing.settings, publishing.instance)
    without_teams = publishing.settings.model_copy(update={"teams_file": None})
    with pytest.raises(UsageError, match="SALES_ASSETS_TEAMS_FILE"):
        accept_audit_log(without_teams, publishing.instance)
    assert not list(platform.glob("audit.sqlite*"))
    assert publishing.instance.get_latest_materialization_event(AUDIT_LOG) is None


def test_the_command_says_what_it_has_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(PROJECT / "deploy" / "teams.yaml"))
    call = calling(monkeypatch, capsys)
    with closing(open_audit_log(Settings(home=tmp_path))) as log:
        fill(log, 2)
    code, _, wrong = call("audit", "accept")
    assert (code, "nothing to accept" in wrong) == (2, True)
    owner = Owner(f"sqlite:///{tmp_path / 'platform' / 'audit.sqlite'}")
    owner.drop_triggers()
    owner.set(2, detail="run 7")
    code, told, _ = call("audit", "accept")
    assert code == 0
    assert "row 2: changed" in told
    assert "up to row 4" in told


def test_a_log_written_anew_with_the_right_key_fails_the_check(publishing: Publishing) -> None:
    fill(publishing.log, 2)
    publishing.publish()
    publishing.owner.drop_triggers()
    publishing.owner.run("DELETE FROM audit_log")
    open_audit_log(publishing.settings).close()
    fill(publishing.log, 4)
    _, check, passed = publishing.publish()
    assert not passed
    assert "row 4: its seal is" in check["found"]
    assert "written anew" in check["found"]


def test_a_head_that_somebody_reports_by_hand_does_not_count(publishing: Publishing) -> None:
    fill(publishing.log, 2)
    publishing.publish()
    publishing.owner.drop_triggers()
    publishing.owner.run("DELETE FROM audit_log")
    publishing.instance.report_runless_asset_event(
        dg.AssetMaterialization(AUDIT_LOG, metadata={"number": 0, "hash": "0" * 64})
    )
    _, check, passed = publishing.publish()
    assert not passed
    assert "rows 1-4: missing" in check["found"]


@pytest.mark.parametrize("gone", ["file", "table", "key"])
def test_no_head_is_published_of_a_log_that_is_not_there(publishing: Publishing, gone: str) -> None:
    fill(publishing.log, 2)
    publishing.publish()
    platform = publishing.settings.home / "platform"
    if gone == "file":
        publishing.log.close()
        for file in platform.glob("audit.sqlite*"):
            file.unlink()
    elif gone == "table":
        publishing.owner.run("DROP TABLE audit_log")
    else:
        (platform / "audit.key").unlink()
    there = set(platform.iterdir())
    done = publishing.definitions.resolve_job_def("audit_head").execute_in_process(
        instance=publishing.instance, run_config=QUIET, raise_on_error=False
    )
    assert not done.success
    (check,) = done.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "SALES_ASSETS_AUDIT_KEY" in str(check.description)
    assert not done.asset_materializations_for_node("platform__audit_log")
    assert set(platform.iterdir()) <= there, "nothing was made"


def test_the_definitions_have_it_where_there_are_teams(tmp_path: Path) -> None:
    with_teams = Settings(home=tmp_path, teams_file=PROJECT / "deploy" / "teams.yaml")
    graph = build_definitions(with_teams).resolve_asset_graph()
    assert graph.get(AUDIT_LOG).owners == ["team:analytics"]
    assert graph.get(AUDIT_LOG).group_name == "platform"
    alone = build_definitions(Settings(home=tmp_path))
    assert not alone.resolve_asset_graph().has(AUDIT_LOG)
    assert "audit_head" not in {one.name for one in alone.schedules or ()}
    assert not (tmp_path / "platform").exists(), "loading makes no log"
