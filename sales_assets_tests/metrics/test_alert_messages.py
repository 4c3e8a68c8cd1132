"""What waits for channels, since when, and what is open, as it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sales_assets.alerts.build import default_channels
from sales_assets.alerts.hours import Quiet
from sales_assets.alerts.problems import Severity
from sales_assets.alerts.store import AlertStore
from sales_assets.platform.teams import Teams
from sales_assets.settings import Settings
from sales_assets_tests.alerts.scene import Scene, route
from sales_assets_tests.metrics.world import Labels, World, labelled

OPEN = "sales_assets_incidents_open"
MESSAGES = "sales_assets_alert_messages_waiting"
AGE = "sales_assets_alert_oldest_message_age_seconds"
FAILURES = "sales_assets_alert_channel_failures"
MAIL = {"team": "alpha", "channel": "alpha.mail"}
TEAMS = Teams.model_validate(
    {
        "version": 1,
        "admins": ["root@example.com"],
        "teams": {
            "alpha": {
                "prefixes": ["alpha"],
                "alerts": [{"name": "mail", "url": "json://127.0.0.1:1/"}],
            }
        },
    }
)


@pytest.fixture
def scene(here: World, tmp_path: Path) -> Iterator[Scene]:
    """Alerts of the same installation, twenty minutes ago; the route has quiet hours now."""
    now = datetime.now(UTC)
    here.teams = TEAMS
    begin, end = now - timedelta(hours=1), now + timedelta(hours=2)
    quiet = Quiet.parse(f"{begin:%H:%M}-{end:%H:%M} UTC")
    made = Scene(tmp_path, route("alpha.mail", team="alpha", quiet=quiet))
    made.store = AlertStore(here.state.url)
    made.router = made.another()
    made.now = now - timedelta(minutes=20)
    yield made
    made.store.engine.dispose()


def waiting(found: dict[str, dict[Labels, float]]) -> dict[str, float]:
    """How many messages there are for the route in each state."""
    states = ("quiet", "due", "refused")
    return {state: found[MESSAGES][labelled(**MAIL, state=state)] for state in states}


def test_channels_and_teams_have_series_before_anything_is_wrong(here: World) -> None:
    here.teams = TEAMS
    found = here.read()
    assert waiting(found) == {"quiet": 0, "due": 0, "refused": 0}
    assert found[AGE] == found[FAILURES] == {labelled(**MAIL): 0}
    assert found[OPEN] == {
        labelled(team=team, severity=severity): 0
        for team in ("alpha", "none")
        for severity in ("warning", "error")
    }


def test_the_channels_of_the_settings_are_those_of_nobody(tmp_path: Path) -> None:
    log = Settings(home=tmp_path)
    assert default_channels(log) == ["log"]
    two = log.model_copy(
        update={
            "alerts_url": Settings.model_validate(
                {"home": tmp_path, "alerts_url": "json://a/ json://b/"}
            ).alerts_url
        }
    )
    assert default_channels(two) == ["default.1", "default.2"]


def test_a_message_that_is_refused_grows_old_until_it_is_taken(here: World, scene: Scene) -> None:
    scene.channels.down.add("alpha.mail")
    scene.events.fails(team="alpha", source=None)
    scene.passes()
    found = here.read()
    assert waiting(found) == {"quiet": 0, "due": 0, "refused": 1}
    assert 1_200 <= found[AGE][labelled(**MAIL)] < 1_500
    assert found[FAILURES][labelled(**MAIL)] == 1
    assert found[OPEN][labelled(team="alpha", severity="error")] == 1
    scene.passes(hours=2)
    assert here.read()[FAILURES][labelled(**MAIL)] == 2
    scene.channels.down.clear()
    scene.events.is_mended()
    scene.passes(2, hours=2)
    found = here.read()
    assert waiting(found) == {"quiet": 0, "due": 0, "refused": 0}
    assert found[AGE] == found[FAILURES] == {labelled(**MAIL): 0}
    assert found[OPEN][labelled(team="alpha", severity="error")] == 0


def test_a_warning_in_quiet_hours_waits_and_is_not_late(here: World, scene: Scene) -> None:
    scene.events.fails(team="alpha", source=None, severity=Severity.WARNING)
    scene.passes()
    found = here.read()
    assert waiting(found) == {"quiet": 1, "due": 0, "refused": 0}
    assert found[AGE][labelled(**MAIL)] == 0
    assert found[OPEN][labelled(team="alpha", severity="warning")] == 1


def test_a_message_that_nobody_sends_is_due_since_it_was_written(here: World, scene: Scene) -> None:
    scene.events.fails(team="alpha", source=None)
    scene.router._take_in(scene.rules)  # and the process dies before it sends
    found = here.read()
    assert waiting(found) == {"quiet": 0, "due": 1, "refused": 0}
    assert found[AGE][labelled(**MAIL)] >= 1_200
    assert found[FAILURES][labelled(**MAIL)] == 0


@pytest.mark.parametrize(
    ("channel", "team"), [("alpha/till.1", "alpha"), ("default.1", "none"), ("gone/shop.2", "none")]
)
def test_a_channel_that_is_in_no_file_of_teams_is_its_source_s_or_nobody_s(
    channel: str, team: str, here: World, scene: Scene
) -> None:
    scene.rules = type(scene.rules)(type(scene.rules.routes)((route(channel, team="alpha"),)))
    scene.channels.down.add(channel)
    scene.events.fails(team="alpha", source=None)
    scene.passes()
    assert here.read()[FAILURES][labelled(team=team, channel=channel)] == 1
