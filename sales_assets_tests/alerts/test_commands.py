"""`sales-assets alerts`, and watching beside the daemon."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster._daemon.types import DaemonHeartbeat

from sales_assets.alerts.opening import Alerts
from sales_assets.alerts.watching import opened, watch
from sales_assets.settings import Settings
from sales_assets_tests.alerts.receivers import http_receiver
from sales_assets_tests.harness import Run, calling
from sales_assets_tests.serving import free_port, until


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    return calling(monkeypatch, capsys)


def test_nothing_is_open_at_first_and_alerts_go_to_the_log(run: Run) -> None:
    assert run("alerts", "list")[:2] == (0, "Nothing is open.\n")
    assert run("alerts", "test")[1] == "log: what is nobody else's, from warning on\n"
    code, _, told = run("alerts", "test", "log")
    assert code == 2
    assert "set SALES_ASSETS_ALERTS_URL" in told


def test_a_route_is_tried_by_a_message_to_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as hook:
        monkeypatch.setenv("SALES_ASSETS_ALERTS_URL", hook.address)
        assert run("alerts", "test", "default.1")[0] == 0
        assert hook.titles == ["TEST of sales-assets"]
        hook.next.append(503)
        code, _, told = run("alerts", "test", "default.1")
        assert (code, "the channel answered 503" in told) == (1, True)
        code, _, told = run("alerts", "test", "other")
        assert (code, "there are default.1" in told) == (2, True)


def test_the_death_of_the_daemon_is_told_by_a_pass_beside_it_and_so_is_its_return(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with http_receiver() as hook:
        monkeypatch.setenv("SALES_ASSETS_ALERTS_URL", hook.address)
        with opened(Settings.load()) as router:
            instance = router.events.instance  # type: ignore[attr-defined]

            def sign(at: datetime) -> None:
                for kind in instance.get_required_daemon_types():
                    instance.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), kind, "1", []))

            now = datetime.now(UTC)
            sign(now - timedelta(minutes=10))
            assert "1 opened, 0 recovered, 1 sent" in run("alerts", "route")[1]
            assert "daemon" in run("alerts", "list")[1]
            [found] = json.loads(run("alerts", "list", "-f", "json")[1])["open"]
            assert found["severity"] == "error"
            assert found["what"] == "Dagster's daemon gives no sign of life"
            ended = threading.Event()
            thread = threading.Thread(target=watch, args=(router, 0.1, ended))
            thread.start()
            sign(now + timedelta(minutes=5))
            until("the recovery", lambda: len(hook.titles) == 2, 60)
            ended.set()
            thread.join()
        assert [title.split()[0] for title in hook.titles] == ["ERROR", "RECOVERED"]


def test_what_no_channel_took_is_listed_with_the_reason(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_ALERTS_URL", f"json://127.0.0.1:{free_port()}")
    with opened(Settings.load()) as router:
        instance = router.events.instance  # type: ignore[attr-defined]
        kind = next(iter(instance.get_required_daemon_types()))
        instance.add_daemon_heartbeat(DaemonHeartbeat(1.0, kind, "1", []))
        router.one_pass()
    told = run("alerts", "list")[2]
    assert "Waiting for default.1 until" in told
    assert "the channel cannot be reached" in told
    [left] = json.loads(run("alerts", "list", "-f", "json")[1])["waiting"]
    assert left["attempts"] == 1


def test_all_assets_of_the_project_are_known_with_their_team_and_what_is_made_of_them(
    tmp_path: Path,
) -> None:
    assets = Alerts(Settings(home=tmp_path)).assets
    assert assets.owner(["retail/pizzaplace/raw"]).team == "retail"
    assert assets.owner(["retail/pizzaplace/raw"]).source == "retail/pizzaplace"
    assert assets.owner(["marts/daily_revenue"]).team == "analytics"
    affected = assets.affected(["retail/pizzaplace/raw"])
    assert {"marts/daily_revenue", "reports/sales_report"} <= set(affected)
    assert not [key for key in affected if key.split("/")[0] not in {"marts", "reports"}]
