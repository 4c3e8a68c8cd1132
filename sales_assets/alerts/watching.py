"""Doing passes again and again, in a process or thread beside the daemon.

Belongs here: opening what that takes, and the loop. Does not: a pass (`router`). Whoever does them
here also sees that the daemon is dead, which it cannot tell itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dagster as dg

from sales_assets.alerts.opening import Alerts
from sales_assets.alerts.router import Router
from sales_assets.beside import beside
from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.deployments.folders import Folders
from sales_assets.settings import PROJECT, Settings, find_dagster_home

EVERY_SECONDS = 30.0
_log = logging.getLogger("sales_assets.alerts")


@contextmanager
def opened(settings: Settings, workspace: Path | None = None) -> Iterator[Router]:
    """The router of an installation, with its instance open."""
    with embedded_instance(find_dagster_home(settings), settings) as instance:
        yield router_of(settings, instance, workspace)


def router_of(settings: Settings, instance: dg.DagsterInstance, workspace: Path | None) -> Router:
    """The router, on an instance that is open."""
    deployed = Folders(settings.home).workspace
    file = workspace or (deployed if deployed.is_file() else PROJECT / "workspace.yaml")
    return Alerts(settings).router(instance, file, watches_daemon=True)


def watch(router: Router, every: float, ended: threading.Event) -> None:
    """Do a pass every so many seconds until it has ended; one that fails ends nothing."""
    with beside("alerts-database", partial(_watch_database, router, every)):
        while True:
            try:
                router.one_pass(every)
            except Exception:  # noqa: BLE001 (logged; the next pass sees the same)
                _log.exception("A pass of alerts failed; the next one tries again.")
            if ended.wait(every):
                return


def _watch_database(router: Router, every: float, ended: threading.Event) -> None:
    """Ask the database beside the passes: one that has begun may wait for it for minutes."""
    while router.database is not None and not ended.wait(every):
        try:
            router.database.answers(router.store, router.rules(), router.send, router.clock())
        except Exception:  # noqa: BLE001 (logged; it is asked again)
            _log.exception("Whether the database is away could not be written down.")


@contextmanager
def watched(
    settings: Settings, instance: dg.DagsterInstance, workspace: Path, every: float = EVERY_SECONDS
) -> Iterator[None]:
    """Passes in a thread while the block lasts."""

    def run(ended: threading.Event) -> None:
        try:
            router = router_of(settings, instance, workspace)
        except Exception:  # noqa: BLE001 (logged; the UI is served without)
            _log.exception("Alerts are not watched beside the UI: set this right, start it again.")
            return
        watch(router, every, ended)

    with beside("alerts-watch", run):
        yield
