"""The site builds without a warning, leads nowhere that is not there, and needs no network."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer

from sales_assets.cli import app
from sales_assets.contracts import words
from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.formats import LETTERS
from sales_assets.settings import PREFIX, Settings
from sales_assets_tests.harness import PROJECT

pytestmark = pytest.mark.long


@dataclass
class Page(HTMLParser):
    """What one page has: anchors, links for people, what the browser loads, and its text."""

    file: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    text: str = ""
    codes: set[str] = field(default_factory=set)
    """Its texts in code."""
    code: str | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors.update(filter(None, [said.get("id")]))
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        elif "src" in said:
            self.loaded.append(said["src"])
        elif tag == "link" and "href" in said:
            self.loaded.append(said["href"])
        if tag == "code":
            self.code = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self.codes.update(filter(None, [self.code]))
            self.code = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.code is not None:
            self.code += data


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    making = subprocess.run(
        ["make", "-n", "docs"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    [options] = re.findall(r"-m sphinx (.*) docs docs/_build$", making, flags=re.MULTILINE)
    assert "--fail-on-warning" in options
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *options.split(), "docs", str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, Page]:
    """Its pages by their file; dbt's own page, which `test_dbt_docs` looks at, is none of them."""
    return {file: Page(file) for file in sorted(site.rglob("*.html")) if file.parent.name != "dbt"}


def test_there_is_a_page_for_each_source_text(site: Path) -> None:
    docs = PROJECT / "docs"
    sources = [file for file in docs.rglob("*.md") if "_build" not in file.parts]
    assert len(sources) > 20
    for source in sources:
        assert (site / source.relative_to(docs)).with_suffix(".html").is_file()


def test_each_link_leads_to_a_page_and_a_place_that_are_there(pages: dict[Path, Page]) -> None:
    followed = 0
    for page in pages.values():
        for link in page.links:
            to = urlsplit(link)
            if to.scheme in {"http", "https"}:
                assert to.netloc, f"{page.file.name}: {link}"
                continue
            assert not to.scheme, f"{page.file.name}: {link}"
            target = (page.file.parent / unquote(to.path)).resolve() if to.path else page.file
            assert target.is_file(), f"{page.file.name}: {link}"
            if to.fragment and target in pages:
                assert to.fragment in pages[target].anchors, f"{page.file.name}: {link}"
            followed += 1
    assert followed > 1000


def test_no_page_loads_anything_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    for page in pages.values():
        for name in page.loaded:
            to = urlsplit(name)
            assert not to.scheme, f"{page.file.name}: {name}"
            assert not to.netloc, f"{page.file.name}: {name}"
            assert (page.file.parent / unquote(to.path)).resolve().exists(), name
    for style in site.rglob("*.css"):
        loaded = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s]+)", style.read_text())
        assert not [name for name in loaded if "//" in name.partition(",")[0]], style.name


def test_the_search_needs_no_server(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex("), "a script, which file:// may load"
    assert '<script src="searchindex.js"' in (site / "search.html").read_text(encoding="utf-8")


def test_the_reference_has_every_setting_with_its_meaning(pages: dict[Path, Page]) -> None:
    page = _page(pages, "reference/settings.html")
    text = _plain(page.text)
    for name, setting in Settings.model_fields.items():
        assert f"confval-{PREFIX}{name.upper()}" in page.anchors
        assert setting.description, f"{name} has a meaning"
        assert _plain(setting.description) in text


def test_the_reference_has_every_word_of_a_contract(pages: dict[Path, Page]) -> None:
    told = _page(pages, "reference/contract.html").codes
    for word in [
        *(word for word, told in words.STANDARD_WORDS.items() if told),
        *words.CONTRACT_WORDS,
        *words.LINES_WORDS,
        *words.FILE_WORDS,
        *words.REFERENCE_WORDS,
        *words.COLUMN_WORDS,
        *words.OPTION_WORDS,
        *words.SERVICE_LEVEL_WORDS,
        *(column.name for column in MAPPED_COLUMNS),
        *LETTERS,
    ]:
        assert word in told


def test_the_reference_has_every_command_and_option(pages: dict[Path, Page]) -> None:
    text = _page(pages, "reference/commands.html").text
    group = typer.main.get_command(app)
    seen = 0
    waiting = [("sales-assets", group)]
    while waiting:
        name, command = waiting.pop()
        assert name in text
        for parameter in command.params:
            for word in [*parameter.opts, *parameter.secondary_opts]:
                if word.startswith("-"):
                    assert word in text, f"{name} {word}"
                    seen += 1
        waiting += [
            (f"{name} {sub}", found) for sub, found in getattr(command, "commands", {}).items()
        ]
    assert seen > 30


def test_the_reference_has_every_check(pages: dict[Path, Page]) -> None:
    text = _page(pages, "reference/checks.html").text
    for name in ("lines_reconcile", "rates_are_current", "daily_revenue_is_sound"):
        assert name in text


def test_every_column_of_every_mart_is_explained(pages: dict[Path, Page]) -> None:
    page = _page(pages, "analysts/meaning.html")
    models = PROJECT / "dbt_project" / "models"
    files = [*models.glob("marts/*.yml"), models / "core" / "fct_sales.yml"]
    assert len(files) > 4
    for file in files:
        assert file.stem.replace("_", "-") in page.anchors, "a section of its own"
        for column in re.findall(r"^      - name: (\w+)$", file.read_text(), flags=re.MULTILINE):
            assert column in page.codes
    assert "{{" not in page.text
    assert "The figure to report." in _plain(page.text)


def _page(pages: dict[Path, Page], name: str) -> Page:
    [page] = [page for file, page in pages.items() if file.as_posix().endswith(name)]
    return page


def _plain(text: str) -> str:
    """Text without line breaks and marks of Markdown."""
    return " ".join(text.replace("`", "").split())
