"""What is known of a team's deployments, in a file that is complete at all times.

Belongs here: releases, servers, and how a switch changes what is known. Does not: doing any of it.
A record names a server before anything is sent to it, and the server that it took over from until
that one has ended: whoever comes after a command that was killed finds both.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments.folders import Folders
from sales_assets.resources.files import whole


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Release(_Known):
    """Code that was made ready to serve."""

    number: int
    ref: str
    """As it was asked for; of a working tree its folder."""
    commit: str | None
    """None for a working tree, which is served as it is."""
    repository: str | None
    module: str
    attribute: str
    folder: Path
    python: Path
    made_at: datetime


class Server(_Known):
    """A process that serves a release.

    `socket` tells it apart from every other process, since it has it among its arguments: a number
    of a process may come again, and the time of its start moves with the machine's clock.
    """

    pid: int
    socket: Path
    log: Path
    release: int
    since: datetime
    replaced_at: datetime | None = None


class Record(_Known):
    """All that is known of a team."""

    team: str
    current: Server | None = None
    leaving: tuple[Server, ...] = ()
    """Servers that were replaced, and have runs to end."""
    releases: tuple[Release, ...] = ()
    served: tuple[int, ...] = ()
    """Numbers of releases in the order in which they served; one that was rolled back is out."""

    def release(self, number: int) -> Release:
        """A release by its number."""
        return next(one for one in self.releases if one.number == number)

    @property
    def latest(self) -> Release | None:
        """The release that serves, or did when the team's server was stopped."""
        return self.release(self.served[-1]) if self.served else None

    @property
    def servers(self) -> tuple[Server, ...]:
        """All servers that may be running."""
        return (*self.leaving, *((self.current,) if self.current else ()))

    def next_number(self, taken: int) -> int:
        """The number of a new release; `taken` is the highest that a folder has."""
        return max((taken, *(one.number for one in self.releases))) + 1

    def served_by(self, server: Server, served: tuple[int, ...], now: datetime) -> Self:
        """The record after a server took over."""
        return self.model_copy(
            update={"current": server, "leaving": self._with_leaving(now), "served": served}
        )

    def stopped(self, now: datetime) -> Self:
        """The record without a current server."""
        return self.model_copy(update={"current": None, "leaving": self._with_leaving(now)})

    def _with_leaving(self, now: datetime) -> tuple[Server, ...]:
        if self.current is None:
            return self.leaving
        return (*self.leaving, self.current.model_copy(update={"replaced_at": now}))

    def replaced_again(self, now: datetime) -> Self:
        """The record with leaving servers that were replaced only now."""
        left = tuple(one.model_copy(update={"replaced_at": now}) for one in self.leaving)
        return self.model_copy(update={"leaving": left})

    def without(self, gone: set[Path]) -> Self:
        """The record without leaving servers that have ended, by their sockets."""
        left = tuple(one for one in self.leaving if one.socket not in gone)
        return self.model_copy(update={"leaving": left})

    def pruned(self, keep: int) -> Self:
        """The record without releases that serve no more and are not among the last to roll to."""
        numbers = {*self.served[-keep:], *(server.release for server in self.servers)}
        return self.model_copy(
            update={
                "releases": tuple(one for one in self.releases if one.number in numbers),
                "served": tuple(number for number in self.served if number in numbers),
            }
        )


def read_record(folders: Folders, team: str) -> Record:
    """What is known of a team; an empty record if nothing was deployed yet."""
    file = folders.record(team)
    try:
        return Record.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Record(team=team)
    except (OSError, ValidationError) as error:
        raise PermanentError(
            f"{file}: cannot be read ({error}); restore it, or remove it after ending the team's "
            "code servers, and deploy again"
        ) from error


def write_record(folders: Folders, record: Record) -> None:
    """Keep what is known of a team."""
    with whole(folders.record(record.team)) as unfinished:
        unfinished.write_text(record.model_dump_json(indent=2))


def recorded_teams(folders: Folders) -> list[str]:
    """The teams that something was deployed of."""
    return sorted(file.stem for file in folders.record("-").parent.glob("[!.]*.json"))
