"""Every command of the site's pages works as written, in the order of the pages.

Those that pages quote from the README are tried by its own test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sales_assets_tests.harness import PROJECT
from sales_assets_tests.newcomer import Terminal, clone_of_project, commands_of

DOCS = PROJECT / "docs"
PAGES = [
    DOCS / f"{name}.md"
    for name in re.findall(r"^(\w+/\w+)$", (DOCS / "index.md").read_text(), flags=re.MULTILINE)
]
"""In the order of the index."""
BEFORE = [
    ".venv/bin/sales-assets prepare",
    ".venv/bin/sales-assets land sample_data/pizzaplace.csv.gz --source pizzaplace",
    ".venv/bin/sales-assets materialize --missing",
]
"""What `make run` does with one of its two sources: all pages stand on it."""
TOLD = {
    "hawaiian_m": "13.25",
    "trace pizzaplace.csv.gz:2": "accepted",
    "sales_assets.analysis": "2713.85",
    "--from 2015-02-01": "817,860.05 USD",
    "where source = 'retail/pizzaplace' and order_date": "2712.8500",
}
"""What commands have to tell: a part of the command -> a part of what it prints."""


def test_the_index_names_every_page() -> None:
    written = {file for file in DOCS.glob("*/*.md") if file.parent.name != "decisions"}
    assert set(PAGES) == written


def test_commands_are_fenced_so_that_they_are_tried() -> None:
    for page in PAGES:
        for language, block in re.findall(r"```(\S*)\n(.*?)```", page.read_text(), re.DOTALL):
            if language != "sh":
                assert ".venv/bin/" not in block, f"{page.name}: fence commands as sh"


@pytest.mark.long
def test_every_command_of_the_pages_runs_in_its_order(tmp_path: Path) -> None:
    terminal = Terminal(clone_of_project(tmp_path / "project"))
    for command in BEFORE:
        terminal.type(command)
    told: set[str] = set()
    for page in PAGES:
        for command in commands_of(page.read_text()):
            printed = terminal.type(command).stdout
            for part, expected in TOLD.items():
                if part in command:
                    assert expected in printed, f"{command}\n{printed}"
                    told.add(part)
    assert told == TOLD.keys()
