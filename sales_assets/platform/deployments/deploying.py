"""Deploying a team, rolling back, starting, stopping: each for one team alone.

Belongs here: one command of a team at a time, and telling the audit log. Does not: the steps of a
switch (`switching`), or making a release (`making`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sales_assets.errors import UsageError
from sales_assets.platform.audit.entries import Auditor
from sales_assets.platform.audit.local import told
from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.draining import Leaving, leaving, let_go
from sales_assets.platform.deployments.locks import held
from sales_assets.platform.deployments.making import ATTRIBUTE, MODULE, Maker, Wanted
from sales_assets.platform.deployments.records import (
    Record,
    Release,
    read_record,
    recorded_teams,
    write_record,
)
from sales_assets.platform.deployments.servers import cancel_runs, serves
from sales_assets.platform.deployments.switching import Switch
from sales_assets.settings import find_dagster_home

OPERATION = "deploy"
_POLL_SECONDS = 0.5
_LOCK_SECONDS = 2.0
_CANCEL_SECONDS = 30.0
"""How long runs that were cancelled may take to say so."""
_log = logging.getLogger("sales_assets")


class AnotherDeploymentError(UsageError):
    """Another command deploys the team just now."""


class Deployments:
    """What may be done with the deployments of an installation."""

    def __init__(self, maker: Maker, auditor: Auditor | None = None) -> None:
        self.maker = maker
        self._switch = Switch(maker)
        self._auditor = auditor

    def deploy(self, team: str, wanted: Wanted) -> Release:
        """Let a tag, branch or commit serve a team.

        Raises a PermanentError with the reason if it does not do; what served before goes on.
        """
        arguments = {"ref": wanted.ref, "repository": wanted.repository}
        with self._one_at_a_time(team), self._told(team, "deploy", arguments):
            record = self._switch.settled(team)
            release = self.maker.from_git(record, wanted)
            self._serve(record, release, (*record.served, release.number))
        return release

    def deploy_folder(
        self, team: str, folder: Path, module: str = MODULE, attribute: str = ATTRIBUTE
    ) -> Release:
        """Let a folder's code, as it is now, serve a team; for trying it out."""
        with self._one_at_a_time(team), self._told(team, "deploy", {"folder": folder}):
            record = self._switch.settled(team)
            release = self.maker.from_folder(record, folder, module, attribute)
            before = tuple(number for number in record.served if number != release.number)
            self._serve(record, release, (*before, release.number))
        return release

    def rollback(self, team: str) -> Release:
        """Let the release before serve a team again; once more goes further back."""
        with self._one_at_a_time(team), self._told(team, "rollback", {}):
            record = self._switch.settled(team)
            if len(record.served) < 2:
                raise UsageError(f"{team}: there is no release before; deploy another one")
            served = record.served[:-1]
            release = record.release(served[-1])
            self.maker.prepare(team, release)
            self._serve(record, release, served)
        return release

    def start(self, team: str) -> bool:
        """Start a team's server if there should be one and it does not answer, as after a reboot.

        Whether one was started.
        """
        with self._one_at_a_time(team):
            record = self._switch.settled(team)
            if record.latest is None or (record.current and serves(record.current)):
                return False
            self._serve(record, record.latest, record.served)
        return True

    def stop(self, team: str, seconds: float) -> None:
        """Stop a team's server after its runs; those that take longer than this are cancelled."""
        with self._one_at_a_time(team), self._told(team, "stop", {}):
            self._switch.away(self._switch.settled(team))
        for left in self.drain(team, seconds):
            _log.info("Cancelling %d runs of %s", len(left.runs), team)
            cancel_runs(left.server, find_dagster_home(self.maker.settings))
        self.drain(team, _CANCEL_SECONDS)
        with self._one_at_a_time(team):
            for server in read_record(self.maker.folders, team).leaving:
                processes.end(server.pid, server.socket)
            self._switch.settled(team)

    def drain(self, team: str, seconds: float) -> list[Leaving]:
        """Wait until replaced servers have ended, so long at most; those that are still there.

        They end by themselves after their runs, whoever waits.
        """
        grace, deadline = self.maker.settings.deploy_grace_seconds, time.monotonic() + seconds
        while True:
            with suppress(Timeout), self._lock(team).acquire(timeout=_POLL_SECONDS):
                record = read_record(self.maker.folders, team)
                if (kept := let_go(record, grace)) != record:
                    write_record(self.maker.folders, kept)
            left = leaving(read_record(self.maker.folders, team), grace)
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(_POLL_SECONDS)

    def teams(self) -> list[str]:
        """The teams that something was deployed of, and that teams.yaml still has."""
        known = self.maker.teams.teams
        return [team for team in recorded_teams(self.maker.folders) if team in known]

    def _serve(self, record: Record, release: Release, served: tuple[int, ...]) -> None:
        try:
            self._switch.to(record, release, served)
        except BaseException:
            self.maker.remove_unused(record.team)
            raise

    def _lock(self, team: str) -> FileLock:
        return FileLock(self.maker.folders.lock(f"team-{team}"))

    @contextmanager
    def _one_at_a_time(self, team: str) -> Iterator[None]:
        self.maker.location(team)
        busy = AnotherDeploymentError(
            f"{team}: another command deploys it just now; wait until it has ended"
        )
        with held(self.maker.folders.lock(f"team-{team}"), _LOCK_SECONDS, busy):
            yield

    @contextmanager
    def _told(self, team: str, what: str, arguments: Mapping[str, object]) -> Iterator[None]:
        """Tell the audit log before and after."""
        if self._auditor is None:
            yield
            return
        target = f"location:{self.maker.location(team)} {what}"
        with told(self._auditor, OPERATION, target, arguments, team):
            yield
