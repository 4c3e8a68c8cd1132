"""Dagster's UI as each role sees it, and as one who may not see a private team."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import dagster as dg
import pytest

from sales_assets.platform.roles import Role
from sales_assets_tests.browser.accessibility import CONTRAST, contrast, ground_of
from sales_assets_tests.browser.conftest import Picture, ending_every_process
from sales_assets_tests.browser.team_site import TeamSite, team_site
from sales_assets_tests.browser.team_ui import REPORT, TeamUi
from sales_assets_tests.serving import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.longest
PEOPLE = {
    Role.VIEWER: "vera@example.com",
    Role.LAUNCHER: "lars@example.com",
    Role.EDITOR: "edith@example.com",
    Role.ADMIN: "anna@example.com",
}
"""Of alpha; in beta each of them is a viewer, as everybody who signs in."""
MEMBER, OUTSIDER = "greta@example.com", "olaf@example.com"
"""Of gamma, which is private."""

SWITCHED = ("nightly", "watch", "default_automation_condition_sensor")
"""The schedule and the sensors of each team."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = ("/assets", "/runs", "/automation", "/deployment/locations", "/overview", "/jobs")


@pytest.fixture(scope="module")
def site(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamSite]:
    with ending_every_process(team_site(tmp_path_factory.mktemp("roles"))) as made:
        yield made


@pytest.fixture
def ui(site: TeamSite, page: Page) -> Iterator[TeamUi]:
    """The page of the test; whatever goes wrong on it fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.on(
        "response",
        lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None,
    )
    site.answers.bodies.clear()
    made = TeamUi(page, site.url)
    yield made
    assert not complaints
    assert not site.answers.wrong()
    assert not made.toasts_of_errors()


@pytest.mark.parametrize("role", PEOPLE)
def test_what_a_role_does_not_cover_is_switched_off_and_the_rest_is_not(
    role: Role, site: TeamSite, ui: TeamUi, picture: Picture
) -> None:
    launcher, editor, admin = (role >= one for one in (Role.LAUNCHER, Role.EDITOR, Role.ADMIN))
    if role is Role.VIEWER:
        ui.open("/sign-in")
        ui.see("Sign in")
        picture("sign-in")
    ui.sign_in(site.token(PEOPLE[role]))
    ui.wait_until(ui.materialize("alpha/totals"), usable=launcher)
    ui.wait_until(ui.materialize("beta/totals"), usable=False)

    ui.open("/assets")
    menu = ui.menu_of_asset("alpha/totals")
    assert menu["Materialize"] is launcher
    assert menu["Wipe materializations"] is admin
    others = ui.menu_of_asset("beta/totals")
    assert not others["Materialize"]
    assert not others["Wipe materializations"]
    # This menu offers to report to whoever may launch; only its dialog asks for the right to.
    assert (REPORT in menu) is launcher
    assert REPORT not in others
    if launcher:
        report = ui.reporting("alpha/totals")
        ui.wait_until(report, usable=editor)
        if not editor:
            ui.hover(report)
            ui.see("Insufficient permissions")

    ui.open("/runs")
    menu = ui.menu_of_run(site.history["alpha"].runs[0])
    assert menu["Re-execute"] is launcher
    assert menu.get("Delete", False) is admin
    others = ui.menu_of_run(site.history["beta"].runs[0])
    assert not others["Re-execute"]
    assert not others.get("Delete", False)

    ui.open("/deployment/locations")
    for number, usable in enumerate((editor, False)):
        ui.wait_until(ui.reloads().nth(number), usable=usable)

    ui.open("/automation")
    for name in SWITCHED:
        ui.wait_until(ui.switch_of("alpha", name), usable=editor)
        ui.wait_until(ui.switch_of("beta", name), usable=False)
    ui.hover(ui.switch_of("beta", "watch"))
    ui.see("You need the role editor of the team beta; you have the role viewer.")
    if not editor:
        ui.hover(ui.switch_of("alpha", "watch"))
        ui.see(f"You need the role editor of the team alpha; you have the role {role}.")
    if role is Role.VIEWER:
        picture("roles")


def test_every_page_says_who_has_signed_in_and_signs_out(site: TeamSite, page: Page) -> None:
    ui = TeamUi(page, site.url)
    told: list[str] = []
    page.on("console", lambda one: told.append(one.text))
    ui.sign_in(site.token(PEOPLE[Role.VIEWER]))
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for path in ("/assets", "/runs"):
            ui.open(path)
            ui.see_in_text("beta")
            assert ui.is_beside_the_bar()
            name = ui.bar().get_by_text(f"Signed in as {PEOPLE[Role.VIEWER]}", exact=True)
            for text in (name, ui.bar().get_by_role("button")):
                assert contrast(text) >= CONTRAST
            is_dark = max(ground_of(ui.bar())) < 128
            assert is_dark is (theme == "dark"), "as the UI's own theme"
    ui.sign_out()
    ui.open("/assets")
    page.get_by_role("heading", name="Sign in").wait_for()
    assert not [text for text in told if "Content Security Policy" in text]


def test_a_launcher_s_run_waits_with_its_team_and_person_until_it_is_terminated(
    site: TeamSite, ui: TeamUi
) -> None:
    ui.sign_in(site.token(PEOPLE[Role.LAUNCHER]))
    before = {run.run_id for run in site.queued("alpha")}
    run = ui.launch("alpha", "load")
    (made,) = [one for one in site.queued("alpha") if one.run_id not in before]
    assert made.run_id == run
    assert (made.tags["team"], made.tags["user"]) == ("alpha", PEOPLE[Role.LAUNCHER])
    ui.terminate(run)
    ended = site.instance.get_run_by_id(run)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.CANCELED


def test_an_editor_switches_and_reloads(site: TeamSite, ui: TeamUi) -> None:
    ui.sign_in(site.token(PEOPLE[Role.EDITOR]))
    ui.open("/automation")
    schedule = ui.switch_of("alpha", "nightly")
    ui.wait_until(schedule, usable=True)
    assert schedule.is_checked()
    ui.switch(schedule)
    (stopped,) = [
        state
        for state in site.instance.all_instigator_state()
        if state.selector_id
        and state.origin.repository_origin.code_location_origin.location_name == "alpha"
        and state.instigator_name == "nightly"
    ]
    assert not stopped.is_running
    ui.open("/deployment/locations")
    ui.reload(0)


def test_an_administrator_wipes_and_deletes(site: TeamSite, ui: TeamUi) -> None:
    ui.sign_in(site.token(PEOPLE[Role.ADMIN]))
    run = site.history["alpha"].runs[1]
    ui.open("/assets")
    ui.wipe("alpha/orders")
    key = dg.AssetKey(["alpha", "orders"])
    until("the wipe", lambda: site.instance.get_latest_materialization_event(key) is None)
    ui.open("/runs")
    ui.delete(run)
    until("the deletion", lambda: site.instance.get_run_by_id(run) is None)


@pytest.mark.parametrize("person", [MEMBER, OUTSIDER])
def test_a_private_team_is_on_every_page_for_its_members_and_on_none_for_others(
    person: str, site: TeamSite, ui: TeamUi
) -> None:
    is_member = person == MEMBER
    ui.sign_in(site.token(person))
    for path in PAGES:
        ui.open(path)
        ui.see_in_text("beta")
        if is_member:
            ui.see_in_text("gamma")
        assert ("gamma" in ui.text()) is is_member, path
    assert ("gamma / orders" in ui.found_by_search("orders")) is is_member
    offered = ui.offered_by_filter("dagster/code_location", "beta")
    assert ("gamma" in " ".join(offered)) is is_member
    count = 3 if is_member else 2
    assert ui.listed_in_lineage("orders", count) == count
    told = [body for body in site.answers.bodies if b"gamma" in body]
    assert bool(told) is is_member
