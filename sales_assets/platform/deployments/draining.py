"""The end of servers that were replaced: after their runs, and not before.

Belongs here: who takes no more runs when, and who has ended. Does not: replacing (`deploying`).
Each step may be done by whoever comes by, any number of times: a command that was killed leaves
nothing that the next one does not do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.records import Record, Server
from sales_assets.platform.deployments.servers import end_after_runs, runs_of


@dataclass(frozen=True)
class Leaving:
    """A replaced server that is still there."""

    server: Server
    runs: tuple[str, ...]
    takes_runs: bool
    """Until the daemon has surely seen the new server, it may still send runs to this one."""


def leaving(record: Record, grace_seconds: float) -> list[Leaving]:
    """The replaced servers of a team that are still there."""
    return [
        Leaving(server, runs_of(server), _takes_runs(server, grace_seconds))
        for server in record.leaving
        if processes.is_running(server.pid, server.socket)
    ]


def let_go(record: Record, grace_seconds: float) -> Record:
    """Tell replaced servers to end after their runs, and forget those that have ended."""
    gone = set()
    for server in record.leaving:
        if not processes.is_running(server.pid, server.socket):
            server.socket.unlink(missing_ok=True)
            gone.add(server.socket)
        elif not _takes_runs(server, grace_seconds):
            end_after_runs(server)
    return record.without(gone)


def _takes_runs(server: Server, grace_seconds: float) -> bool:
    assert server.replaced_at is not None
    return (datetime.now(UTC) - server.replaced_at).total_seconds() < grace_seconds
