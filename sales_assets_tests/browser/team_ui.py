"""The pages of Dagster's UI that depend on who has signed in.

Belongs here: where their buttons, menus and switches are, and how they are used. Does not: any
expectation of who may use them. Nothing waits for a time: only for what is to be seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

REPORT = "Report materialization event"
"""An entry of an asset's menu."""
_SWITCH = "label[class*=formatSwitch]"
_WRONG = re.compile("error|failed|could not|permission", re.IGNORECASE)
_RELOAD = re.compile("^Reload$")


@dataclass(frozen=True)
class TeamUi:
    """The UI at an address, on a page."""

    page: Page
    address: str

    def sign_in(self, token: str) -> None:
        """By the page that asks for it."""
        self.page.goto(f"{self.address}/deployment/daemons")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.see("Daemons")

    def bar(self) -> Locator:
        """Where it says who has signed in."""
        return self.page.get_by_role("navigation", name="Signed in", exact=True)

    def is_beside_the_bar(self) -> bool:
        """Whether the UI and the bar share the window, with neither over the other."""
        root, bar = self.page.locator("#root").bounding_box(), self.bar().bounding_box()
        size = self.page.viewport_size
        assert root is not None
        assert bar is not None
        assert size is not None
        return (
            root["y"] == 0
            and root["height"] == bar["y"]
            and bar["y"] + bar["height"] == size["height"]
            and root["width"] == bar["width"] == size["width"]
        )

    def sign_out(self) -> None:
        """By the button that every page has."""
        self.bar().get_by_role("button", name="Sign out").click()
        self.page.get_by_role("heading", name="Sign in").wait_for()

    def open(self, path: str) -> None:
        """Any page."""
        self.page.goto(f"{self.address}{path}")

    def text(self) -> str:
        """All that the page shows."""
        return self.page.locator("body").inner_text()

    def see(self, text: str) -> None:
        """Wait until exactly this text is to be seen."""
        self.page.get_by_text(text, exact=True).filter(visible=True).first.wait_for()

    def see_in_text(self, text: str) -> None:
        """Wait until a text is to be seen as a part of another."""
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def toasts_of_errors(self) -> list[str]:
        """What the page complains of in its corner."""
        toasts = self.page.locator("[class*=toast i]").filter(has_text=_WRONG)
        return toasts.filter(visible=True).all_inner_texts()

    def hover(self, switch: Locator) -> None:
        """Point at a switch, also one that is off limits."""
        switch.locator("xpath=..").hover(force=True)

    def materialize(self, key: str) -> Locator:
        """The button of an asset's page."""
        self.open(f"/assets/{key}")
        return self.page.get_by_role("button", name="Materialize").first

    def menu_of_asset(self, key: str) -> dict[str, bool]:
        """The entries of an asset's menu in the catalogue, and which can be used."""
        self._open_menu(self.page.locator(f'a[href^="/assets/{key}"]').first, 0)
        return self._entries()

    def reporting(self, key: str) -> Locator:
        """The button that reports an event, in the dialog that the asset's menu opens."""
        self._open_menu(self.page.locator(f'a[href^="/assets/{key}"]').first, 0)
        self.page.get_by_role("menuitem", name=REPORT).click()
        return self.page.get_by_role("dialog").get_by_role("button", name="Report event")

    def menu_of_run(self, run: str) -> dict[str, bool]:
        """The entries of a run's menu in the list, and which can be used."""
        self._open_menu(self.page.locator(f'a[href^="/runs/{run}"]').first, 1)
        return self._entries()

    def reloads(self) -> Locator:
        """The buttons that reload the code locations."""
        return self.page.get_by_role("button").filter(has_text=_RELOAD)

    def reload(self, number: int) -> None:
        """Reload a code location and see that it is there again."""
        self.reloads().nth(number).click()
        self.page.get_by_text("Code location reloaded").first.wait_for()

    def switch_of(self, location: str, name: str) -> Locator:
        """That of a sensor or schedule, on the page of all."""
        link = self.page.locator(f'a[href^="/locations/{location}/"][href$="/{name}"]')
        row = link.locator("xpath=ancestor::*[@data-index]")
        return row.locator(f"{_SWITCH} input")

    def wait_until(self, one: Locator, *, usable: bool) -> None:
        """Wait until something can be used, or cannot; rights come after the page is drawn."""
        state = self.page.locator(":enabled" if usable else ":disabled")
        one.and_(state).wait_for(state="attached")

    def switch(self, one: Locator) -> None:
        """Switch a sensor or schedule off."""
        number = one.get_attribute("id")
        one.locator("xpath=..").click()
        self.page.locator(f"#{number}:not(:checked)").wait_for(state="attached")

    def launch(self, location: str, job: str) -> str:
        """Launch a job from its launchpad; the id of the run."""
        self.open(f"/locations/__repository__@{location}/jobs/{job}/playground")
        self.page.get_by_role("button", name="Launch Run").click()
        self.page.wait_for_url("**/runs/*-*")
        return self.page.url.rsplit("/", 1)[1]

    def terminate(self, run: str) -> None:
        """Terminate a run from its page."""
        self.open(f"/runs/{run}")
        self.page.get_by_role("button", name="Terminate").first.click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Terminate").click()
        self.page.get_by_text("Canceled").first.wait_for()

    def wipe(self, key: str) -> None:
        """Wipe an asset, from its menu in the catalogue."""
        self._open_menu(self.page.locator(f'a[href^="/assets/{key}"]').first, 0)
        self.page.get_by_role("menuitem", name="Wipe materializations").click()
        self._confirm("Wipe")

    def delete(self, run: str) -> None:
        """Delete a run, from its menu in the list."""
        self._open_menu(self.page.locator(f'a[href^="/runs/{run}"]').first, 1)
        self.page.get_by_role("menuitem", name="Delete").click()
        self._confirm("Delete")

    def listed_in_lineage(self, name: str, at_least: int) -> int:
        """How many assets of a name the list beside the graph of all assets has."""
        self.open("/asset-groups")
        in_graph = 'ancestor::*[local-name()="foreignObject"]'
        written = f'xpath=//*[normalize-space(text())="{name}" and not({in_graph})]'
        found = self.page.locator(written).filter(visible=True)  # its width is measured unseen
        found.nth(at_least - 1).wait_for()
        return found.count()

    def offered_by_filter(self, tag: str, value: str) -> list[str]:
        """The values that the filter of runs offers for a tag, one of which is known."""
        self.open("/runs")
        self.page.get_by_role("button", name="Filter").click()
        for entry in ("Tag", tag):
            self.page.get_by_role("menuitem", name=entry).first.click()
        entries = self.page.get_by_role("menuitem")
        entries.filter(has_text=value).first.wait_for()
        return entries.all_inner_texts()

    def found_by_search(self, text: str) -> str:
        """What the search finds."""
        self.page.get_by_role("button", name="Search").click()
        self.page.get_by_placeholder("Search").first.fill(text)
        self.see_in_text("Asset in beta")
        return self.text()

    def _confirm(self, what: str) -> None:
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=what).click()

    def _open_menu(self, after: Locator, number: int) -> None:
        after.locator("xpath=following::button").nth(number).click()
        self.page.get_by_role("menuitem").first.wait_for()

    def _entries(self) -> dict[str, bool]:
        found = {
            one.inner_text().split("\n")[0]: one.get_attribute("aria-disabled") != "true"
            for one in self.page.get_by_role("menuitem").filter(visible=True).all()
        }
        self.page.keyboard.press("Escape")
        self.page.get_by_role("menuitem").first.wait_for(state="detached")
        return found
