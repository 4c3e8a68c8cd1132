"""Deployments that are killed, and deployments at the same time."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.errors import UsageError
from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.overview import overview
from sales_assets.platform.deployments.servers import server_id
from sales_assets.platform.deployments.workspace import socket_of
from sales_assets_tests.platform.deployments.trial import Trial, commit, trial
from sales_assets_tests.serving import until

pytestmark = pytest.mark.long

SPAWNING = multiprocessing.get_context("forkserver")
SPAWNING.set_forkserver_preload([__name__])


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path) as installation:
        yield installation


def _deploy(made: Trial, team: str, tag: str, killed_at: int | None) -> None:
    """Deploy; where a step is named, die as it begins without a word."""

    class Killing(logging.Handler):
        steps = 0

        def emit(self, _: logging.LogRecord) -> None:
            self.steps += 1
            if self.steps == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

    logger = logging.getLogger("sales_assets")
    logger.setLevel(logging.INFO)
    logger.addHandler(Killing())
    try:
        made.deploy(team, tag)
    except UsageError:
        os._exit(2)


def _deploying(made: Trial, team: str, tag: str, killed_at: int | None = None) -> int:
    process = SPAWNING.Process(target=_deploy, args=(made, team, tag, killed_at))
    process.start()
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode


def test_after_a_deployment_is_killed_at_any_step_the_old_release_serves_and_the_next_one_works(
    made: Trial,
) -> None:
    commit(made.repository, "v1")
    commit(made.repository, "v2")
    made.deploy("alpha", "v1")
    first = made.server("alpha")
    identity, steps = server_id(first), 0
    while True:
        steps += 1
        ended = _deploying(made, "alpha", "v2", killed_at=steps)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        assert server_id(first) == identity
        told = socket_of(made.folders, "alpha")
        assert told == first.socket or told == made.server("alpha").socket
        if made.server("alpha") != first:  # the switch was written down: what is left is done
            made.deployments().start("alpha")
            assert socket_of(made.folders, "alpha") == made.server("alpha").socket
            assert made.record("alpha").latest.ref == "v2"  # type: ignore[union-attr]
            made.deployments().rollback("alpha")
            assert made.deployments().drain("alpha", 60) == []
            first = made.server("alpha")
            identity = server_id(first)
    assert steps >= 8
    assert made.record("alpha").latest.ref == "v2"  # type: ignore[union-attr]
    assert made.deployments().drain("alpha", 60) == []
    (only,) = overview(made.folders, 0)
    assert only.healthy
    assert set(made.servers().values()) == {made.server("alpha").socket}
    assert list(made.folders.sockets.iterdir()) == [made.server("alpha").socket]
    kept = {str(release.number) for release in made.record("alpha").releases}
    assert {folder.name for folder in made.folders.releases("alpha").iterdir()} == kept


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("step", ["Telling webserver and daemon of", "Release 1 of alpha serves"])
def test_a_release_that_was_written_down_keeps_its_files_when_the_command_is_interrupted(
    made: Trial, step: str, error: type[BaseException]
) -> None:
    class Interrupting(logging.Handler):
        def emit(self, told: logging.LogRecord) -> None:
            if told.getMessage().startswith(step):
                raise error

    commit(made.repository, "v1")
    logger, interrupting = logging.getLogger("sales_assets"), Interrupting()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(interrupting)
    try:
        with pytest.raises(error):
            made.deploy("alpha", "v1")
    finally:
        logger.removeHandler(interrupting)
        logger.setLevel(level)
    release = made.record("alpha").latest
    assert release is not None
    assert made.server("alpha").release == release.number
    assert (release.folder / "team_code" / "late.py").exists()
    assert not made.deployments().start("alpha"), "its server goes on"
    assert socket_of(made.folders, "alpha") == made.server("alpha").socket


def test_of_deployments_at_the_same_time_each_team_has_one_and_no_team_waits_for_another(
    made: Trial,
) -> None:
    commit(made.repository, "v1")
    names = ["alpha", "alpha", "beta"]
    started = [SPAWNING.Process(target=_deploy, args=(made, name, "v1", None)) for name in names]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
    codes = [process.exitcode for process in started]
    assert codes[2] == 0
    assert 0 in codes[:2]
    assert set(codes[:2]) <= {0, 2}, "the other one is refused, unless the first has ended by then"
    assert [one.state for one in overview(made.folders, 0)] == ["healthy", "healthy"]
    for team in ("alpha", "beta"):
        assert socket_of(made.folders, team) == made.server(team).socket
        assert processes.is_running(made.server(team).pid, made.server(team).socket)
    # Were alpha's two deployments one after the other, its first server ends as the command waits.
    assert made.deployments().drain("alpha", 120) == []
    until("one server for each team", lambda: len(made.servers()) == 2, 120)
