"""Dagster's daemon with a heartbeat each second instead of twice a minute, as a process of its own.

Belongs here: starting it. Does not: any expectation. `python -m ... WORKSPACE` runs it.
"""

from __future__ import annotations

import sys

import dagster as dg
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.controller import daemon_controller_from_instance

if __name__ == "__main__":
    with (
        dg.DagsterInstance.get() as instance,
        daemon_controller_from_instance(
            instance, WorkspaceFileTarget([sys.argv[1]]), heartbeat_interval_seconds=1
        ) as controller,
    ):
        controller.check_daemon_loop()
