"""When incidents open and close, and who is told of it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sales_assets.alerts.hours import Daily, Quiet
from sales_assets.alerts.outbox import waiting
from sales_assets.alerts.problems import Severity
from sales_assets.alerts.store import AlertStore
from sales_assets_tests.alerts.scene import START, Scene, problem, route
from sales_assets_tests.services import postgres_database

WARNING = Severity.WARNING
NIGHT = Quiet.parse("22:00-07:00 Europe/Berlin")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, route("chat"), route("pager", severity=Severity.ERROR))


def test_a_problem_is_told_once_however_often_it_happens_and_so_is_its_end(scene: Scene) -> None:
    for _ in range(4):
        scene.events.fails()
        scene.passes(2, minutes=1)
    scene.events.is_mended()
    scene.passes(2, minutes=1)
    for channel in ("chat", "pager"):
        assert scene.told(channel) == [
            "opened ERROR retail/shop: shop failed",
            "recovered RECOVERED retail/shop: shop failed",
        ]
    recovery = scene.channels.taken[-1].text
    assert "4 times" in recovery
    assert "it was made since" in recovery


def test_what_fails_again_after_its_end_is_told_again(scene: Scene) -> None:
    scene.events.fails()
    scene.events.is_mended()
    scene.events.fails()
    scene.passes()
    told = [one.split()[0] for one in scene.told("chat")]
    assert told == ["opened", "recovered", "opened"]


def test_what_did_not_fail_has_no_recovery(scene: Scene) -> None:
    scene.events.is_mended()
    scene.passes()
    assert scene.channels.taken == []


def test_a_warning_that_comes_again_and_again_becomes_an_error(scene: Scene) -> None:
    for times in (1, 2, 3):
        assert scene.told("pager") == [], f"after {times - 1} failures"
        scene.events.fails(severity=WARNING)
        scene.passes(minutes=1)
    assert scene.told("chat") == ["opened WARNING retail/shop: shop failed"]
    assert scene.told("pager") == ["opened ERROR retail/shop: shop failed"]
    scene.events.is_mended()
    scene.passes(minutes=1)
    assert len(scene.told("chat")) == len(scene.told("pager")) == 2


def test_a_check_s_own_word_that_it_only_warns_counts_however_often_it_fails(scene: Scene) -> None:
    for _ in range(5):
        scene.events.fails(severity=WARNING, escalates=False)
        scene.passes(minutes=1)
    assert scene.told("pager") == []


def test_a_problem_that_gets_worse_is_told_to_those_who_want_errors_alone(scene: Scene) -> None:
    scene.events.fails(severity=WARNING)
    scene.passes()
    scene.events.fails(severity=Severity.ERROR)
    scene.passes(minutes=1)
    assert len(scene.told("chat")) == len(scene.told("pager")) == 1


def test_what_is_looked_at_is_open_for_as_long_as_it_is_seen(scene: Scene) -> None:
    seen = problem("tick:alerts", scope="looked")
    scene.looked.problems = [seen]
    scene.passes(3, minutes=1)
    assert len(scene.told("chat")) == 1
    scene.looked.fails = True
    scene.passes(minutes=1)
    assert len(scene.told("chat")) == 1, "nothing follows from a look that fails"
    scene.looked.fails, scene.looked.problems = False, []
    scene.passes(minutes=1)
    assert len(scene.told("chat")) == 2


def test_a_scope_that_was_not_looked_at_keeps_its_incidents(scene: Scene) -> None:
    scene.events.fails("other")
    scene.looked.problems = [problem("tick:alerts", scope="looked")]
    scene.passes()
    scene.looked.problems = []
    scene.passes(minutes=1)
    assert [one.problem.key for one in scene.store.read()[1]] == ["other"]


def at_night(scene: Scene, hour: int = 23) -> None:
    """Local time in Berlin, which is UTC+2 in May."""
    scene.now = datetime(2024, 5, 1, hour - 2, tzinfo=UTC)


def test_a_warning_waits_for_the_end_of_quiet_hours_and_an_error_does_not(tmp_path: Path) -> None:
    scene = Scene(tmp_path, route("chat", quiet=NIGHT))
    at_night(scene)
    scene.events.fails("late", severity=WARNING)
    scene.events.fails("broken")
    scene.passes()
    assert scene.told("chat") == ["opened ERROR retail/shop: broken failed"]
    scene.now = datetime(2024, 5, 2, 4, 59, 59, tzinfo=UTC)
    scene.passes()
    assert len(scene.told("chat")) == 1
    scene.now = datetime(2024, 5, 2, 5, tzinfo=UTC)
    scene.passes()
    assert scene.told("chat")[1:] == ["opened WARNING retail/shop: late failed"]


def test_a_warning_that_recovers_within_quiet_hours_is_not_told_at_all(tmp_path: Path) -> None:
    scene = Scene(tmp_path, route("chat", quiet=NIGHT), route("loud"))
    at_night(scene)
    scene.events.fails(severity=WARNING)
    scene.passes()
    scene.events.is_mended()
    scene.passes(minutes=1)
    scene.passes(hours=12)
    assert scene.told("chat") == []
    assert len(scene.told("loud")) == 2


def test_a_warning_that_becomes_an_error_at_night_waits_no_longer(tmp_path: Path) -> None:
    scene = Scene(tmp_path, route("chat", quiet=NIGHT))
    at_night(scene)
    for _ in range(3):
        scene.events.fails(severity=WARNING)
        scene.passes(minutes=1)
    assert len(scene.told("chat")) == 1


def test_a_digest_tells_daily_what_is_open_and_what_recovered(tmp_path: Path) -> None:
    scene = Scene(tmp_path, route("chat", digest=Daily.parse("14:30 Europe/Berlin")))
    scene.events.fails("old", at=START)
    scene.passes()
    assert [m.kind for m in scene.channels.taken] == ["opened"], "the first digest is due later"
    scene.events.fails("new", at=START)
    scene.events.is_mended("new")
    scene.passes(2, minutes=30)
    digest = scene.channels.taken[-1]
    assert (digest.kind, digest.title) == ("digest", "DIGEST 1 open, 1 recovered")
    assert "- retail/shop: old failed (since 2024-05-01 12:00 UTC)" in digest.text
    scene.passes(3, minutes=10)
    assert [m.kind for m in scene.channels.taken].count("digest") == 1
    scene.events.is_mended("old")
    scene.passes(hours=24)
    assert [m.kind for m in scene.channels.taken].count("digest") == 2
    scene.passes(hours=24)
    assert [m.kind for m in scene.channels.taken].count("digest") == 2, "there is nothing to tell"


def test_a_team_s_routes_are_told_of_its_problems_and_the_default_one_of_the_rest(
    tmp_path: Path,
) -> None:
    scene = Scene(
        tmp_path,
        route("retail"),
        route("pizza", source="retail/pizza"),
        route("global", team="global"),
        route("rest", team=None),
    )
    scene.events.fails("a")
    scene.events.fails("b", source="retail/pizza")
    scene.events.fails("c", team=None, source=None)
    scene.events.fails("d", team="finance", source=None)
    scene.passes()
    scene.passes(minutes=1)
    told = {
        name: sorted(m.title.split()[-2] for m in scene.channels.taken if m.channel == name)
        for name in ("retail", "pizza", "global", "rest")
    }
    assert told == {"retail": ["a", "b"], "pizza": ["b"], "global": [], "rest": ["c", "d"]}


def test_a_message_says_all_that_one_needs_to_act(scene: Scene) -> None:
    scene.events.fails(
        affects=("marts/daily_revenue", "reports/sales_report"),
        path="runs/1",
        command="sales-assets materialize --source shop --missing",
    )
    scene.passes()
    assert scene.channels.taken[0].text.splitlines() == [
        "What: shop failed",
        "Since: 2024-05-01 12:00 UTC",
        "Affects: marts/daily_revenue, reports/sales_report",
        "Likely cause: the header lacks 'item'",
        "Look: http://ui/runs/1",
        "To mend: sales-assets materialize --source shop --missing",
    ]


def test_of_two_passes_at_once_one_writes_and_nothing_is_told_twice(scene: Scene) -> None:
    scene.passes()
    scene.events.fails()
    scene.events.meanwhile = scene.another().one_pass
    scene.passes()
    assert len(scene.told("chat")) == 1
    scene.looked.problems = [problem("tick:alerts", scope="looked")]
    scene.events.meanwhile = scene.another().one_pass
    scene.passes()
    assert len(scene.told("chat")) == 2


def test_a_stale_look_does_not_open_again_what_another_pass_saw_recover(scene: Scene) -> None:
    scene.passes()
    stale = [problem("tick:alerts", scope="looked")]

    def look(_: datetime) -> list[object]:
        scene.looked.look = lambda _: []  # type: ignore[method-assign]
        scene.looked.problems = []
        other = scene.another()
        scene.events.fails("else")
        other.one_pass()
        return list(stale)

    scene.looked.look = look  # type: ignore[assignment,method-assign]
    scene.passes()
    assert [one.problem.key for one in scene.store.read()[1]] == ["else"]


def test_what_is_closed_and_sent_for_long_is_forgotten(scene: Scene) -> None:
    scene.events.fails()
    scene.events.is_mended()
    scene.passes(2, minutes=1)
    scene.events.fails("other")
    scene.passes(days=91)
    with scene.store.engine.connect() as connection:
        tables = ("alert_incidents", "alert_messages")
        counts = [connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar() for t in tables]
    assert counts == [1, 2]


def test_the_end_of_what_was_wrong_for_a_year_is_told_to_whoever_was_told_of_its_beginning(
    scene: Scene,
) -> None:
    scene.events.fails()
    scene.passes(minutes=1)
    for month in range(12):
        scene.events.fails(f"of month {month}")
        scene.passes(days=31)
    scene.events.is_mended()
    scene.passes(minutes=1)
    told = [title for title in scene.told("pager") if title.endswith("shop: shop failed")]
    assert told == [
        "opened ERROR retail/shop: shop failed",
        "recovered RECOVERED retail/shop: shop failed",
    ]


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_whatever_characters_an_error_has_it_is_told_and_so_is_all_else(
    database: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        scene = Scene(tmp_path, route("pager"))
        if database == "PostgreSQL":
            scene.store = AlertStore(stack.enter_context(postgres_database()))
            scene.router = scene.another()
        scene.events.fails("odd", what="odd \0 failed", cause="half a pair \ud83d, and \0")
        scene.events.fails("plain")
        scene.passes(2, minutes=1)
        assert scene.told("pager") == [
            "opened ERROR retail/shop: odd \N{REPLACEMENT CHARACTER} failed",
            "opened ERROR retail/shop: plain failed",
        ]
        scene.events.is_mended("odd")
        scene.passes(2, minutes=1)
        assert len(scene.told("pager")) == 3
        scene.store.engine.dispose()


def test_what_no_channel_took_for_a_quarter_of_a_year_is_given_up(scene: Scene) -> None:
    scene.channels.down = {"chat", "pager"}
    scene.events.fails()
    scene.passes(minutes=1)
    assert len(waiting(scene.store.engine)) == 2
    scene.events.fails("other")
    scene.passes(days=91)
    assert {message.title for message in waiting(scene.store.engine)} == {
        "ERROR retail/shop: other failed"
    }
