"""From one server to the next: started, asked, judged, and only then the one that serves.

Belongs here: the order of steps, and setting right what a killed command left. Does not: who may
call it when (`deploying`). The caller holds the team's lock.

The record is written before workspace.yaml: until webserver and daemon are told, the server before
goes on, and whoever comes next tells them.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.draining import let_go
from sales_assets.platform.deployments.folders import socket_beginning
from sales_assets.platform.deployments.judging import judge
from sales_assets.platform.deployments.making import Maker
from sales_assets.platform.deployments.records import (
    Record,
    Release,
    Server,
    read_record,
    write_record,
)
from sales_assets.platform.deployments.servers import (
    BrokenReleaseError,
    answers,
    start_server,
    wait_until_it_answers,
)
from sales_assets.platform.deployments.workspace import (
    remove_location,
    set_socket,
    socket_of,
)

_log = logging.getLogger("sales_assets")


@dataclass(frozen=True)
class Switch:
    """Changes which server serves a team."""

    maker: Maker

    def settled(self, team: str) -> Record:
        """The team's record, after what a killed command began was ended or taken back."""
        folders, location = self.maker.folders, self.maker.location(team)
        record = read_record(folders, team)
        current = record.current
        if current is not None and socket_of(folders, location) != current.socket:
            # Only now webserver and daemon are told: the server before still gets runs for a while.
            write_record(folders, record := record.replaced_again(datetime.now(UTC)))
            set_socket(folders, location, current.socket)
        record = let_go(record, self.maker.settings.deploy_grace_seconds)
        known = {server.socket for server in record.servers}
        beginning = socket_beginning(team)
        for pid, socket in processes.running_below(folders.sockets, beginning).items():
            if socket not in known:
                _log.info("Ending process %d, which a killed deployment of %s left", pid, team)
                processes.end(pid, socket)
        for socket in folders.sockets.glob(f"{beginning}*.sock"):
            if socket not in known:
                socket.unlink(missing_ok=True)
        return self._keep(record)

    def to(self, record: Record, release: Release, served: tuple[int, ...]) -> Record:
        """Let a release serve. After an error the one before does, and its server is untouched.

        Once it is written down, it is the new one that serves, whatever happens then.
        """
        team, location = record.team, self.maker.location(record.team)
        server = self._started(team, location, release)
        releases = (*(one for one in record.releases if one.number != release.number), release)
        after = record.model_copy(update={"releases": releases}).served_by(
            server, served, datetime.now(UTC)
        )
        _log.info("Writing down that release %d of %s serves", release.number, team)
        write_record(self.maker.folders, after)
        _log.info("Telling webserver and daemon of release %d of %s", release.number, team)
        set_socket(self.maker.folders, location, server.socket)
        _log.info("Release %d of %s serves", release.number, team)
        return self._keep(after)

    def away(self, record: Record) -> Record:
        """Let nobody serve the team; its server ends after its runs."""
        remove_location(self.maker.folders, self.maker.location(record.team))
        return self._keep(let_go(record.stopped(datetime.now(UTC)), grace_seconds=0))

    def _started(self, team: str, location: str, release: Release) -> Server:
        settings = self.maker.settings
        environment = self.maker.surroundings(team, release)
        _log.info("Starting a code server for release %d of %s", release.number, team)
        server = start_server(self.maker.folders, team, location, release, environment)
        try:
            _log.info("Waiting until process %d answers", server.pid)
            deadline = time.monotonic() + settings.deploy_start_seconds
            wait_until_it_answers(server, settings.deploy_start_seconds)
            _log.info("Looking at what release %d of %s has", release.number, team)
            judge(server, location, self.maker.teams, max(deadline - time.monotonic(), 1.0))
            if not answers(server):
                raise BrokenReleaseError(f"the code server ended after it answered ({server.log})")
        except BaseException:
            processes.end(server.pid, server.socket)
            server.socket.unlink(missing_ok=True)
            raise
        return server

    def _keep(self, record: Record) -> Record:
        """Write a record without what is old, and then remove that."""
        folders = self.maker.folders
        kept = record.pruned(self.maker.settings.deploy_keep_releases)
        if kept != read_record(folders, record.team):
            write_record(folders, kept)
        self.maker.remove_unused(kept.team)
        return kept
