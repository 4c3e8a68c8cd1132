"""What a block has started has to end with it; what others start meanwhile is not its affair."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

import pytest

from sales_assets_tests.browser import conftest
from sales_assets_tests.browser.conftest import ending_every_process

WAITS = "input()"
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
STARTS = f"import subprocess; input(); subprocess.Popen({SLEEPS!r}); print(1, flush=True); input()"


def started(code: str) -> subprocess.Popen[str]:
    """A Python that runs some code; the input of one that waits ends with its block."""
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def starting(kept: ExitStack) -> Iterator[None]:
    """Start a process, which ends no sooner than `kept`."""
    kept.enter_context(started(WAITS))
    yield


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "SECONDS_TO_END", 0.1)


@pytest.mark.parametrize("is_inner", [False, True])
def test_what_opening_has_started_is_killed_and_told(is_inner: bool) -> None:
    with (
        ExitStack() as kept,
        pytest.raises(AssertionError, match="had to be killed"),
        ending_every_process(starting(kept), is_inner=is_inner),
    ):
        pass


@contextmanager
def starting_another() -> Iterator[subprocess.Popen[str]]:
    """Start a process that starts another, when it is told to, and ends before that."""
    with started(STARTS) as process:
        yield process


def _leave_another() -> None:
    with ending_every_process(starting_another(), is_inner=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "1\n"


def test_what_the_opened_has_started_is_killed_and_told() -> None:
    with pytest.raises(AssertionError, match="had to be killed"):
        _leave_another()


def test_what_starts_within_an_inner_block_is_the_outer_one_s() -> None:
    with ExitStack() as kept:
        with ending_every_process(nullcontext(), is_inner=True):
            within = kept.enter_context(started(WAITS))
        assert within.poll() is None
    with (
        ExitStack() as kept,
        pytest.raises(AssertionError, match="had to be killed"),
        ending_every_process(nullcontext()),
        ending_every_process(nullcontext(), is_inner=True),
    ):
        kept.enter_context(started(WAITS))
