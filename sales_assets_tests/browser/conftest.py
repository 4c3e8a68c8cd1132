"""The browser, a page of its own for each test, and what a failed test leaves.

Belongs here: these fixtures. Does not: what a page shows (`ui`), or any expectation.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import pytest

from sales_assets_tests.browser.served import Served, sample_home, with_ui
from sales_assets_tests.browser.ui import Dagster
from sales_assets_tests.conftest import skip_or_fail

if TYPE_CHECKING:
    from PIL import Image
    from playwright.sync_api import Browser, Page, ViewportSize

WIDTH, HEIGHT = 1440, 900
PATIENCE = 120_000.0
"""Milliseconds that something may take to be seen, on a machine that does much else."""
SECONDS_TO_END = 150.0
"""A code server gives calls that are under way a minute."""
BETWEEN_LOOKS = 2_000.0
"""Milliseconds; the UI asks for the states of some assets after those of others."""
MOST_LOOKS = 8
FAILED = pytest.StashKey[bool]()
Opened = TypeVar("Opened")
Picture = Callable[[str], None]
"""Keep what the page shows under this name, if the option `--screenshots` names a folder."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures of a test know whether it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@contextmanager
def ending_every_process(
    opened: AbstractContextManager[Opened], *, is_inner: bool = False
) -> Iterator[Opened]:
    """Whatever process the block started has to have ended with it.

    Of an inner block it is what opening it started, and what that started: a code server that a
    test has reloaded is the outer block's, and ends with that.
    """
    before = _children()
    with opened as value:
        roots = _children() - before
        yield value
        started = _children() - before
        if is_inner:
            started &= roots.union(*(_children(root) for root in roots))
    _, left = psutil.wait_procs(started, timeout=SECONDS_TO_END)
    for process in left:
        process.kill()
    assert not left, f"had to be killed: {left}"


def _children(process: psutil.Process | None = None) -> set[psutil.Process]:
    """What a process has started, and so on; of one that has ended nothing."""
    with suppress(psutil.NoSuchProcess):
        return set((process or psutil.Process()).children(recursive=True))
    return set()


@pytest.fixture(scope="session")
def program() -> str:
    """The browser's program; what is dear to make asks for it first."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        skip_or_fail("there is no Chromium: apt-get install chromium")
    if find_spec("playwright") is None:
        skip_or_fail("there is no Playwright: make install-dev")
    return found


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root can have no sandbox; all that is opened is this project's own.
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def browser(program: str) -> Iterator[Browser]:
    """Debian's Chromium; for one module, since beside Playwright's no event loop can run."""
    with ending_every_process(chromium(program), is_inner=True) as made:
        yield made


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page without a past; of a failed test its trace and last sight are kept."""
    size: ViewportSize = {"width": WIDTH, "height": HEIGHT}
    context = browser.new_context(viewport=size, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(PATIENCE)
    context.tracing.start(screenshots=True, snapshots=True)
    made = context.new_page()
    yield made
    if request.node.stash.get(FAILED, False):
        made.screenshot(path=tmp_path / "failed.png")
        context.tracing.stop(path=tmp_path / "trace.zip")
        print(f"See {tmp_path}/failed.png; playwright show-trace {tmp_path}/trace.zip")
    context.close()


def settled(page: Page) -> bytes:
    """What the page shows when it has stopped changing; a clock on it never stops."""
    seen = b""
    for _ in range(MOST_LOOKS):
        before, seen = seen, page.screenshot(animations="disabled")
        if seen == before:
            break
        page.wait_for_timeout(BETWEEN_LOOKS)
    return seen


def few_colours(png: bytes) -> Image.Image:
    """The picture in a palette of 256 colours, which is enough for pages and halves the file."""
    from PIL import Image

    whole = Image.open(BytesIO(png)).convert("RGB")
    return whole.quantize(256, dither=Image.Dither.NONE)


@pytest.fixture
def picture(page: Page, request: pytest.FixtureRequest) -> Picture:
    """Keeps pictures for the README and the docs."""
    folder: Path | None = request.config.getoption("--screenshots")

    def keep(name: str) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            few_colours(settled(page)).save(folder / f"{name}.png", optimize=True)

    return keep


@pytest.fixture(scope="module")
def served(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The UI over most days of the sample sources."""
    home = tmp_path_factory.mktemp("served")
    with sample_home(home) as made, ending_every_process(with_ui(made)) as served:
        yield served


@pytest.fixture
def ui(served: Served, page: Page) -> Dagster:
    """The served UI on the test's page."""
    return Dagster(page, served.address)
