"""What fails while something is away that everything leans on waits, and may never be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sales_assets.alerts.hours import Quiet
from sales_assets.alerts.problems import BESIDE, EVERYTHING, SERVICES, Severity
from sales_assets.alerts.routes import Routes
from sales_assets.alerts.services import WORK
from sales_assets.alerts.store import AFTERWARDS
from sales_assets_tests.alerts.scene import Scene, problem, route

HOLD = timedelta(minutes=15)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path, route("retail"), route("rest", team=None))
    scene.rules = replace(scene.rules, hold=HOLD)
    return scene


def goes_away(scene: Scene, *explains: str, name: str = "store") -> None:
    scene.services.problems = [
        problem(
            f"service:{name}",
            scope=SERVICES,
            what="the store is away",
            occurrence="",
            team=None,
            source=None,
            explains=explains or WORK,
        )
    ]


def comes_back(scene: Scene) -> None:
    scene.services.problems = []


def titles(scene: Scene, channel: str) -> list[str]:
    return [m.title for m in scene.channels.taken if m.channel == channel]


def test_of_an_outage_and_all_that_fails_with_it_one_alert_and_one_recovery_are_told(
    scene: Scene,
) -> None:
    goes_away(scene)
    scene.events.fails("run:shop")
    scene.passes()
    scene.events.fails("check:late", severity=Severity.WARNING)
    scene.passes(minutes=1)
    comes_back(scene)
    scene.passes(minutes=1)
    scene.events.fails("tick:after")
    scene.passes(minutes=1)
    for key in ("run:shop", "check:late", "tick:after"):
        scene.events.is_mended(key)
    scene.passes(3, minutes=10)
    assert titles(scene, "rest") == ["ERROR the store is away", "RECOVERED the store is away"]
    assert titles(scene, "retail") == []


def test_what_stays_wrong_is_told_after_the_hold_and_so_is_its_end(scene: Scene) -> None:
    goes_away(scene)
    scene.events.fails("run:shop")
    scene.passes()
    comes_back(scene)
    scene.passes(minutes=14)
    assert titles(scene, "retail") == []
    scene.passes(minutes=2)
    assert titles(scene, "retail") == ["ERROR retail/shop: run:shop failed"]
    scene.events.is_mended("run:shop")
    scene.passes(minutes=1)
    assert titles(scene, "retail")[1:] == ["RECOVERED retail/shop: run:shop failed"]


def test_what_fails_long_after_or_before_is_told_at_once(scene: Scene) -> None:
    scene.events.fails("run:before")
    scene.passes()
    goes_away(scene)
    scene.passes(minutes=1)
    comes_back(scene)
    scene.passes(minutes=1)
    scene.events.fails("run:after")
    scene.now += AFTERWARDS
    scene.passes(minutes=1)
    assert titles(scene, "retail") == [
        "ERROR retail/shop: run:before failed",
        "ERROR retail/shop: run:after failed",
    ]


def test_becoming_an_error_after_three_failures_ends_no_hold(scene: Scene) -> None:
    goes_away(scene)
    for _ in range(4):
        scene.events.fails("tick:landing", severity=Severity.WARNING)
        scene.passes(seconds=30)
    assert titles(scene, "retail") == []
    [waiting] = [m for m in scene.store.read()[1] if m.problem.key == "tick:landing"]
    assert waiting.told.severity is Severity.ERROR


def test_parked_days_and_what_a_service_does_not_explain_are_told_at_once(scene: Scene) -> None:
    goes_away(scene, "rates", "sales_are_converted")
    scene.events.fails("check:rates/exchange_rates:api_answers")
    scene.events.fails("run:shop")
    scene.passes()
    assert titles(scene, "retail") == ["ERROR retail/shop: run:shop failed"]
    goes_away(scene, EVERYTHING, name="database")
    scene.passes(minutes=1)
    scene.looked.scope = "parked"
    scene.looked.problems = [problem("parked:shop", scope="parked")]
    scene.events.fails("daemon")
    scene.events.fails("service:webserver", scope=BESIDE)
    scene.passes(minutes=1)
    assert sorted(titles(scene, "retail")[1:]) == [
        "ERROR retail/shop: parked:shop failed",
        "ERROR retail/shop: service:webserver failed",
    ]


def test_an_outage_that_is_seen_in_the_same_pass_holds_too(scene: Scene) -> None:
    scene.events.fails("run:shop")
    goes_away(scene)
    scene.passes()
    assert titles(scene, "retail") == []
    assert titles(scene, "rest") == ["ERROR the store is away"]


def test_a_service_that_explains_nothing_holds_nothing(scene: Scene) -> None:
    scene.services.problems = [
        problem("service:ui", scope=SERVICES, what="the UI is away", explains=())
    ]
    scene.events.fails("run:shop")
    scene.passes()
    assert "ERROR retail/shop: run:shop failed" in titles(scene, "retail")


def test_an_error_that_came_of_a_warning_in_quiet_hours_sleeps_no_longer_than_the_hold(
    scene: Scene,
) -> None:
    quiet = route("night", quiet=Quiet.parse("11:00-07:00 UTC"))
    scene.rules = replace(scene.rules, routes=Routes((quiet,)))
    scene.events.fails("tick:landing", severity=Severity.WARNING)
    scene.passes()
    goes_away(scene)
    for _ in range(3):
        scene.events.fails("tick:landing", severity=Severity.WARNING)
        scene.passes(minutes=1)
    assert titles(scene, "night") == []
    scene.passes(minutes=16)
    assert titles(scene, "night") == ["WARNING retail/shop: tick:landing failed"]


def test_a_held_warning_waits_for_the_end_of_quiet_hours_that_begin_meanwhile(scene: Scene) -> None:
    quiet = route("night", quiet=Quiet.parse("12:10-13:00 UTC"))
    scene.rules = replace(scene.rules, routes=Routes((quiet,)))
    goes_away(scene)
    scene.events.fails("check:late", severity=Severity.WARNING)
    scene.passes()
    scene.passes(minutes=20)
    assert titles(scene, "night") == []
    scene.passes(minutes=41)
    assert titles(scene, "night") == ["WARNING retail/shop: check:late failed"]
