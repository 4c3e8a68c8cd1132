"""How long definitions may take to load before their release is refused."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sales_assets.platform.deployments import judging, processes
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.judging import judge
from sales_assets.platform.deployments.records import Release, Server
from sales_assets.platform.deployments.servers import (
    BrokenReleaseError,
    start_server,
    wait_until_it_answers,
)
from sales_assets.platform.teams import Teams
from sales_assets.settings import set_variables

TEAMS = Teams.model_validate({"version": 1, "admins": ["a@example.com"], "teams": {"alpha": {}}})
SLOW = """
import time
from pathlib import Path
import dagster as dg

for _ in range(6000):  # not for ever, should nobody end it
    if Path("go").exists():
        break
    time.sleep(0.05)


@dg.asset(key=["alpha", "orders"])
def orders():
    pass


defs = dg.Definitions([orders])
"""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Server]:
    """A code server that loads its definitions once there is a file `go`."""
    (tmp_path / "slow_code.py").write_text(SLOW)
    release = Release(
        number=1,
        ref="v1",
        commit=None,
        repository=None,
        module="slow_code",
        attribute="defs",
        folder=tmp_path,
        python=Path(sys.executable),
        made_at=datetime.now(UTC),
    )
    folders = Folders(tmp_path / "home")
    server = start_server(folders, "alpha", "alpha", release, set_variables())
    try:
        yield server
    finally:
        processes.end(server.pid, server.socket)
        shutil.rmtree(folders.sockets)


@pytest.mark.long
def test_definitions_that_do_not_load_in_time_are_refused_and_in_time_are_not(
    slow: Server, tmp_path: Path
) -> None:
    with pytest.raises(BrokenReleaseError, match=r"not answer after 5 s.*START_SECONDS"):
        wait_until_it_answers(slow, 5)
    (tmp_path / "go").touch()
    wait_until_it_answers(slow, 120)
    judge(slow, "alpha", TEAMS, 120)


def test_a_server_that_answers_at_first_and_then_no_more_is_refused_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = threading.Event()
    monkeypatch.setattr(judging, "_made_by", lambda *_: [waiting.wait(60)][:0])
    server: Any = None
    try:
        with pytest.raises(BrokenReleaseError, match="did not tell its definitions within"):
            judge(server, "alpha", TEAMS, 0.05)
    finally:
        waiting.set()
