"""Which process this is: one that lives long, or one that does a run and ends.

Belongs here: telling by how the process was started, its name in the ledger, its team. Does not:
metering it (`metering`).
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from sales_assets.platform.options import Part
from sales_assets.settings import Settings

WORKER, STEP_PROCESS = "worker", "step process"
"""A worker, and its child that does steps, one after the other."""
_KINDS = {
    ("dagster-daemon",): "daemon",
    ("dagster._daemon",): "daemon",
    ("dagster-webserver",): "webserver",
    ("dagster_webserver",): "webserver",
    ("sales-assets", "serve"): "webserver",
    ("sales_assets", "serve"): "webserver",
    ("sales-assets", "platform"): "platform",
    ("sales_assets", "platform"): "platform",
    ("sales-assets", "metrics"): "metrics",
    ("sales_assets", "metrics"): "metrics",
    ("sales-assets", "alerts", "watch"): "alerts",
    ("sales_assets", "alerts", "watch"): "alerts",
    ("dagster", "api", "grpc"): "code server",
    ("dagster", "code-server"): "code server",
    ("dagster", "dev"): "dev",
}
"""By the program and its first words."""


def kind_of(arguments: Sequence[str], *, is_child: bool) -> str | None:
    """What lives long by this command line; None for all else.

    Children that `multiprocessing` makes, as a code server does for its runs, have the arguments
    of their parent, and do not live long.
    """
    if is_child or not arguments:
        return None
    words = (_program(arguments[0]), *arguments[1:])
    return next((kind for known, kind in _KINDS.items() if words[: len(known)] == known), None)


def this_kind() -> str | None:
    """What lives long and is this process."""
    return kind_of(sys.argv, is_child=multiprocessing.parent_process() is not None)


def _program(first: str) -> str:
    """The name of a script, or of the module that `python -m` runs."""
    path = Path(first)
    if path.name != "__main__.py":
        return path.name
    folder = path.parent
    return f"dagster.{folder.name}" if folder.name == "_daemon" else folder.name


def this_process() -> str:
    """The name of this process, which no other one has at any time."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{int(psutil.Process(pid).create_time())}"


def team_of_process(settings: Settings) -> str:
    """The team that a process of this code location belongs to; empty for the installation's."""
    if settings.part is Part.SOURCES:
        return settings.team or ""
    return shared_team(settings) if settings.part is Part.SHARED else ""


def shared_team(settings: Settings) -> str:
    """The team of what stands above all others; empty where nobody says so."""
    if settings.teams_file is None:
        return ""
    from sales_assets.platform.teams import Builds
    from sales_assets.platform.teams_file import read_teams_if_right

    teams = read_teams_if_right(settings.teams_file)
    named = teams.teams.items() if teams else ()
    return next((name for name, team in named if team.builds is Builds.SHARED), "")
