"""What a command says of itself: locks that are kept, code that loads slowly, a log that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from sales_assets.errors import TransientError, UsageError
from sales_assets.platform.audit.entries import Intent, Outcome
from sales_assets.platform.deployments.deploying import AnotherDeploymentError, Deployments
from sales_assets.platform.deployments.locks import held
from sales_assets.platform.deployments.making import Maker
from sales_assets.platform.teams_file import read_teams
from sales_assets.settings import Settings
from sales_assets_tests.platform.small import TEAMS


class _Failing:
    """A log that fails at one of its two parts."""

    def __init__(self, part: str) -> None:
        self.part = part

    def intend(self, _: Intent) -> int:
        if self.part == "intend":
            raise OSError("no space")
        return 1

    def conclude(self, _: int, __: Outcome, ___: str = "") -> None:
        raise OSError("no space")


def _deployments(tmp_path: Path, part: str) -> Deployments:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    settings = Settings(home=tmp_path / "home", teams_file=tmp_path / "teams.yaml")
    return Deployments(Maker.of(settings, read_teams(tmp_path / "teams.yaml")), _Failing(part))


@pytest.fixture(autouse=True)
def _no_sockets(tmp_path: Path) -> Iterator[None]:
    yield
    for folder in (tmp_path / "home" / "platform").glob("sockets"):
        folder.rmdir()


def test_a_log_that_cannot_be_concluded_hides_neither_success_nor_the_reason(
    tmp_path: Path,
) -> None:
    deployments = _deployments(tmp_path, "conclude")
    with deployments._told("alpha", "deploy", {}):
        pass
    with pytest.raises(UsageError, match="there is no release before"):
        deployments.rollback("alpha")


def test_a_log_that_cannot_be_begun_refuses(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="nothing is done: no space"):
        _deployments(tmp_path, "intend").rollback("alpha")


def test_a_lock_that_is_kept_is_named_and_another_time_out_within_it_stays_what_it_is(
    tmp_path: Path,
) -> None:
    file = tmp_path / "one.lock"
    with held(file, 0):
        with pytest.raises(TransientError, match=r"one\.lock: another command has kept"):
            _enter(held(file, 0))
        with pytest.raises(UsageError, match="mine"):
            _enter(held(file, 0, UsageError("mine")))
    deployments = _deployments(tmp_path, "neither")
    with pytest.raises(Timeout), deployments._one_at_a_time("alpha"):
        raise Timeout("another")
    kept = FileLock(deployments.maker.folders.lock("team-alpha"))
    with kept, pytest.raises(AnotherDeploymentError):
        deployments.rollback("alpha")


def _enter(block: AbstractContextManager[None]) -> None:
    with block:
        raise AssertionError
