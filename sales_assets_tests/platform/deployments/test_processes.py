"""Which processes are code servers, and when one that was replaced is let go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.draining import leaving, let_go
from sales_assets.platform.deployments.records import Record, Server
from sales_assets.platform.deployments.servers import answers, runs_of

SLEEPING = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "alpha-1.sock"


@pytest.fixture
def pid(tmp_path: Path, socket: Path) -> Iterator[int]:
    """A process that has a socket among its arguments, and never answers."""
    number = processes.start(
        [*SLEEPING, str(socket)], socket, tmp_path, dict(os.environ), tmp_path / "log"
    )
    yield number
    processes.end(number, socket)
    assert not processes.is_running(number, socket)


def _server(pid: int, socket: Path, replaced: datetime | None = None) -> Server:
    now = datetime.now(UTC)
    return Server(
        pid=pid, socket=socket, log=socket, release=1, since=now, replaced_at=replaced or now
    )


def test_a_process_that_has_the_number_of_a_server_that_ended_is_not_touched(
    pid: int, socket: Path
) -> None:
    other = socket.with_name("alpha-2.sock")
    assert not processes.is_running(pid, other)
    processes.end(pid, other)
    assert processes.is_running(pid, socket)
    assert not processes.is_running(2**22 + 1, socket)


def test_the_servers_of_one_team_are_found_and_no_others(
    pid: int, socket: Path, tmp_path: Path
) -> None:
    assert processes.running_below(tmp_path, "alpha-") == {pid: socket}
    assert processes.running_below(tmp_path, "beta-") == {}
    assert processes.running_below(tmp_path / "elsewhere", "alpha-") == {}


def test_a_process_that_ended_and_that_nobody_waited_for_does_not_run(
    tmp_path: Path, socket: Path
) -> None:
    started = subprocess.Popen([sys.executable, "-c", "", str(socket)])
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_running(started.pid, socket)
    started.wait()


def test_a_replaced_server_takes_runs_until_the_daemon_has_surely_seen_the_new_one(
    pid: int, socket: Path
) -> None:
    record = Record(team="alpha", leaving=(_server(pid, socket),))
    assert let_go(record, 3600) == record
    assert [one.takes_runs for one in leaving(record, 3600)] == [True]
    ago = datetime.now(UTC) - timedelta(seconds=3601)
    record = Record(team="alpha", leaving=(_server(pid, socket, ago),))
    assert let_go(record, 3600) == record
    assert [one.takes_runs for one in leaving(record, 3600)] == [False]


def test_a_replaced_server_that_has_ended_is_forgotten_with_its_socket(
    pid: int, socket: Path
) -> None:
    socket.touch()
    record = Record(team="alpha", leaving=(_server(pid, socket),))
    processes.end(pid, socket)
    assert let_go(record, 3600) == Record(team="alpha")
    assert not socket.exists()
    assert leaving(record, 3600) == []


def test_a_server_that_does_not_answer_is_said_not_to(socket: Path) -> None:
    server = _server(1, socket)
    assert not answers(server)
    socket.touch()
    assert not answers(server)
    assert runs_of(server) == ()
