"""The pages of Dagster's UI, as a person uses them.

Belongs here: where things are on its pages and how they are used. Does not: any expectation of
what they show. Nothing waits for a time: only for what is to be seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TRIES = 12
PATIENCE_FOR_A_DIALOG = 10_000.0
"""Milliseconds after which a dialog that is not there has been shut by the page itself."""


@dataclass(frozen=True)
class Dagster:
    """The UI at an address, on a page."""

    page: Page
    address: str

    def open_asset(self, key: str, **view: str | int) -> None:
        """The page of an asset; `view` is what its tab and its choices are called in addresses."""
        self.page.goto(f"{self.address}/assets/{key}?{urlencode(view)}")
        self.page.get_by_role("tab", name="Overview").first.wait_for()

    def open_lineage_of(self, selection: str) -> None:
        """The lineage of some assets, such as `group:"retail"`."""
        self.page.goto(f"{self.address}/asset-groups~{quote(selection)}")

    def open_backfill(self, backfill: str) -> None:
        """The page of a backfill that has succeeded."""
        self.page.goto(f"{self.address}/runs/b/{backfill}")
        succeeded = self.page.get_by_text("Succeeded", exact=True)
        succeeded.nth(1).wait_for()  # the other is a column's name

    def backfilled(self, key: str) -> str:
        """What the backfill's page says of an asset."""
        row = self.page.locator("div").filter(has=self.link(key)).filter(has_text="% completed")
        return row.last.inner_text()

    def see(self, text: str) -> Locator:
        """Wait until a text is to be seen; exactly this one."""
        seen = self.page.get_by_text(text, exact=True).filter(visible=True).first
        seen.wait_for()
        return seen

    def see_node(self, name: str) -> None:
        """Wait until a lineage graph has a box of this name, of an asset or of a group."""
        self.page.locator("foreignObject").get_by_text(name, exact=True).first.wait_for()

    def link(self, key: str) -> Locator:
        """The link to an asset, from one that it is upstream of or from a backfill."""
        return self.page.locator(f'a[href="/assets/{key}"]').first

    def follow(self, link: Locator, key: str) -> None:
        """Go to an asset by a link, until nothing on the page is of the asset before."""
        link.click()
        self.page.wait_for_url(f"**/assets/{key}*")
        self.page.reload()
        self.page.get_by_role("tab", name="Overview").first.wait_for()

    def in_markdown(self, entry: str, find: Callable[[Locator], Locator]) -> Locator:
        """Open an entry of metadata that is a text with tables or pictures; what is in its dialog.

        The page draws its tables anew for each answer that comes in, which shuts a dialog.
        """
        from playwright.sync_api import TimeoutError as NotSeenError  # without it tests skip

        shown = self.page.get_by_role("row").filter(has_text=entry).get_by_text("[Show Markdown]")
        for _ in range(TRIES):
            shown.click()
            found = find(self.page.get_by_role("dialog"))
            try:
                found.wait_for(timeout=PATIENCE_FOR_A_DIALOG)
            except NotSeenError:
                self.page.keyboard.press("Escape")
            else:
                return found
        raise AssertionError(f"the dialog of {entry} does not stay open, or has not what is sought")

    def width_of_picture(self, entry: str) -> int:
        """Pixels of the picture in an entry of metadata; 0 if the browser may not show it."""
        picture = self.in_markdown(entry, lambda dialog: dialog.locator("img"))
        width: int = picture.evaluate("one => one.naturalWidth")
        return width

    def origins(self, column: str) -> Locator:
        """Open the table of the columns' origins; the row of a column."""
        cell = self.page.get_by_role("cell", name=column, exact=True)
        return self.in_markdown(
            "column_origins", lambda dialog: dialog.get_by_role("row").filter(has=cell)
        )

    def materialize(self, partitions: str) -> None:
        """Have the assets that the page is about materialised: a day, or `[first...last]`."""
        self.page.get_by_role("button", name="Materialize").first.click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Show all partitions").click()
        days = dialog.get_by_role("textbox").first
        days.fill(partitions)
        days.press("Enter")
        dialog.get_by_role("button", name=re.compile("^Launch")).click()
        dialog.wait_for(state="detached")
