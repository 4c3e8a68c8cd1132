"""The database in which alerts are kept goes away, and whoever watches tells of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from sales_assets.alerts.asked_services import database_service
from sales_assets.alerts.book import Rules
from sales_assets.alerts.database_away import DatabaseAway
from sales_assets.alerts.routes import Routes
from sales_assets.alerts.store import AlertStore, alert_store, outages
from sales_assets.alerts.watching import watch
from sales_assets.alerts.wording import Wording
from sales_assets.settings import Settings
from sales_assets_tests.alerts.scene import Scene, route
from sales_assets_tests.chaos.proxy import Proxy, proxy
from sales_assets_tests.services import postgres_database
from sales_assets_tests.serving import until

TOLD = "opened ERROR the database of the installation does not answer"


@dataclass
class Watched:
    """A scene on PostgreSQL behind a proxy, with somebody who watches."""

    scene: Scene
    before: Proxy
    url: str

    def passes(self, minutes: float = 1) -> None:
        """One pass of the watcher."""
        self.scene.now += timedelta(minutes=minutes)
        ended = threading.Event()
        ended.set()
        watch(self.scene.router, 10, ended)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with postgres_database() as address, proxy(("127.0.0.1", 5432)) as before:
        url = address.replace(":5432/", f":{before.port}/")
        scene = Scene(tmp_path, route("a", team=None), route("b", team=None), route("retail"))
        scene.rules = Rules(scene.rules.routes, Wording("http://ui"), 3, timedelta(minutes=15))
        scene.store = AlertStore(url)
        scene.router = replace(
            scene.another(),
            database=DatabaseAway(database_service(Settings(home=tmp_path, catalogue_url=url)), 5),
        )
        yield Watched(scene, before, url)
        scene.store.engine.dispose()
        alert_store.cache_clear()


def test_each_channel_is_told_once_that_the_database_is_away_and_once_that_it_is_back(
    watched: Watched,
) -> None:
    scene = watched.scene
    watched.passes()
    began = scene.now
    watched.before.cut()
    watched.passes()
    watched.passes()
    assert scene.told("a") == scene.told("b") == [TOLD]
    watched.before.mend()
    watched.passes()
    until("what waits", lambda: len(scene.channels.taken) == 4, 30)
    for channel in ("a", "b"):
        _, back = (m for m in scene.channels.taken if m.channel == channel)
        assert back.title == "RECOVERED the database of the installation does not answer"
        [first] = (m for m in scene.channels.taken if m.name == back.opening)
        assert first.channel == channel
    assert scene.told("retail") == []
    [outage] = outages(watched.url)
    assert outage.since == (began + timedelta(minutes=1)).timestamp() - 60
    watched.passes(minutes=30)
    assert len(scene.channels.taken) == 4


def test_a_channel_that_is_down_is_tried_again_and_one_never_reached_hears_of_no_end(
    watched: Watched,
) -> None:
    scene = watched.scene
    scene.channels.down = {"a", "b"}
    watched.before.cut()
    watched.passes()
    scene.channels.down = {"b"}
    watched.passes()
    assert scene.told("a") == [TOLD]
    watched.before.mend()
    scene.channels.down = set()
    watched.passes()
    until("what waits", lambda: len(scene.told("a")) == 2, 30)
    assert scene.told("b") == []


def test_what_fails_with_the_database_waits_to_be_told(watched: Watched) -> None:
    scene = watched.scene
    watched.before.cut()
    watched.passes()
    watched.before.mend()
    scene.events.fails("daemon")
    watched.passes()
    scene.events.is_mended("daemon")
    watched.passes(minutes=10)
    watched.passes(minutes=10)
    assert scene.told("retail") == []


def test_a_pass_that_fails_for_another_reason_tells_nothing_of_the_database(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong() -> Rules:
        raise ValueError("a route is wrong")

    rules = watched.scene.router.rules
    watched.scene.router.rules = wrong
    watched.passes()
    watched.scene.router.rules = rules
    watched.passes()
    assert watched.scene.channels.taken == []
    assert "A pass of alerts failed" in caplog.text
    assert [one.problem.scope for one in watched.scene.store.read()[1]] == []


def test_without_a_route_the_log_is_told(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.scene.rules = Rules(Routes(), Wording())
    watched.before.cut()
    watched.passes()
    assert "ERROR the database of the installation does not answer" in caplog.text


def test_a_database_that_hangs_is_told_in_time_and_keeps_no_pass_waiting(watched: Watched) -> None:
    watched.before.delay = 60
    watched.passes()
    assert watched.scene.told("a") == [TOLD]
    [told] = (m for m in watched.scene.channels.taken if m.channel == "a")
    assert "no answer within 5 s" in told.text


def test_the_daemon_s_own_passes_wait_for_the_database_and_tell_nothing_of_it(
    watched: Watched,
) -> None:
    assert watched.scene.router.database is not None
    watched.scene.router.database.tells = False
    watched.before.cut()
    passed = watched.scene.router.one_pass()
    assert str(passed) == "nothing was looked at, as the database does not answer in time"
    assert watched.scene.channels.taken == []


def test_that_the_answer_to_writing_an_outage_down_was_lost_stops_no_pass(watched: Watched) -> None:
    watched.before.cut()
    watched.passes()
    away = watched.scene.router.database
    assert away is not None
    before = replace(away)
    before._problem, before._incident, before._told = away._problem, away._incident, away._told
    watched.before.mend()
    watched.passes()
    watched.scene.router.database = before
    watched.passes()
    assert len(outages(watched.url)) == 1
    assert before._problem is None


def test_an_outage_that_a_pass_waits_out_is_told_all_the_same(watched: Watched) -> None:
    goes_on, ended = threading.Event(), threading.Event()
    scene = watched.scene

    def outlasts() -> None:
        watched.before.cut()
        goes_on.wait(60)

    scene.events.meanwhile = outlasts
    watching = threading.Thread(target=watch, args=(scene.router, 0.2, ended))
    watching.start()
    try:
        until("the alert", lambda: scene.told("a") == [TOLD], 30)
        watched.before.mend()
        until("the recovery", lambda: outages(watched.url), 30)
        goes_on.set()
        until("its message", lambda: len(scene.told("a")) == len(scene.told("b")) == 2, 30)
    finally:
        goes_on.set()
        ended.set()
        watching.join(60)
    assert scene.told("a") == scene.told("b")
