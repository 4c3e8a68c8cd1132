"""Dagster's instance: its configuration, pools, runs and daemon.

Belongs here: what keeps runs from starting or from ending. Does not: whether runs succeeded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster._core.launcher import WorkerStatus
from dagster._core.scheduler.instigation import InstigatorStatus

from sales_assets.assets.exchange_rates import POOL
from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.settings import Settings
from sales_assets.workers import warehouse_pool

START = "`make ui` starts it; where it runs by itself, start `dagster-daemon run` again"


def dagster(settings: Settings) -> Iterator[Finding]:
    """Whether runs can start, wait for nothing that is gone, and have a daemon to start them."""
    file = settings.dagster_home / "dagster.yaml"
    if not file.exists():
        yield ok("Dagster", f"{file}, made by the first command")
        return
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)  # its configuration may name it
    try:
        instance = dg.DagsterInstance.from_config(str(settings.dagster_home))
        _ = instance.run_launcher, instance.run_coordinator  # Dagster makes them when it needs them
    except Exception as error:  # noqa: BLE001  # Dagster's, the database's or YAML's
        yield problem(
            "Dagster",
            f"{file}: {type(error).__name__}: {error}",
            "correct the file, or move it away, and the next command makes it anew",
        )
        return
    with instance:
        yield _configuration(settings, instance, str(file))
        yield _pools(settings, instance)
        yield from _runs(instance)
        yield _daemon(instance)


def _configuration(settings: Settings, instance: dg.DagsterInstance, file: str) -> Finding:
    storage = type(instance.event_log_storage).__name__
    if settings.dagster_postgres_url is not None and "Postgres" not in storage:
        return problem(
            "Dagster",
            f"{file} keeps runs and events in SQLite ({storage}), not in PostgreSQL: it is from "
            "before SALES_ASSETS_DAGSTER_POSTGRES_URL was set",
            "move the file away, and the next command makes it anew; earlier runs stay in SQLite",
        )
    if not instance.run_monitoring_enabled:
        return warning(
            "Dagster",
            f"{file} has run_monitoring off: a killed run stays started, and others wait for it",
            "set run_monitoring: {enabled: true}",
        )
    return ok("Dagster", f"{file}, {storage}")


def _pools(settings: Settings, instance: dg.DagsterInstance) -> Finding:
    """Pools have limits, and nobody who is gone keeps a place in them."""
    storage = instance.event_log_storage
    pools = [pool for pool in (POOL, warehouse_pool(settings)) if pool]
    infos = {pool: storage.get_concurrency_info(pool) for pool in pools}
    unlimited = [pool for pool, info in infos.items() if info.limit is None]
    if unlimited:
        return warning(
            "pools",
            f"without a limit: {', '.join(unlimited)}; too many steps would work at once",
            "`sales-assets status` sets it, or do it in the UI (Deployment, Concurrency)",
        )
    ended = [i for i in storage.get_concurrency_run_ids() if _has_ended(instance, i)]
    if ended:
        return warning(
            "pools",
            f"places are kept by runs that have ended: {_named(ended)}",
            "the daemon frees them within a minute, and so does the next `sales-assets "
            "materialize`",
        )
    return ok("pools", ", ".join(f"{pool}: {info.limit}" for pool, info in infos.items()))


def _runs(instance: dg.DagsterInstance) -> Iterator[Finding]:
    """No run waits for ever, and none is under way whose process is gone."""
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    gone = [run.run_id for run in started if _is_gone(instance, run)]
    if gone:
        yield warning(
            "runs",
            f"{_named(gone)} of {len(started)} that are under way have no process any more",
            f"the daemon's run monitoring ends them: {START}",
        )
    queued = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
    if queued and not _is_alive(instance):
        yield problem("runs", f"{len(queued)} wait for the daemon, which is not running", START)
    elif not gone:
        yield ok("runs", f"{len(started)} under way, {len(queued)} waiting")


def _has_ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished or _is_gone(instance, run)


def _is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    launcher = instance.run_launcher
    return (
        launcher.supports_check_run_worker_health
        and launcher.check_run_worker_health(run).status is WorkerStatus.FAILED
    )


def _is_alive(instance: dg.DagsterInstance) -> bool:
    return any(status.healthy for status in instance.get_daemon_statuses().values())


def _daemon(instance: dg.DagsterInstance) -> Finding:
    statuses = [s for s in instance.get_daemon_statuses().values() if s.required]
    ill = [status for status in statuses if not status.healthy]
    if not ill:
        return ok("daemon", f"alive: {', '.join(status.daemon_type for status in statuses)}")
    beats = [status.last_heartbeat for status in statuses if status.last_heartbeat]
    if len(ill) < len(statuses):
        errors = [error.message.strip() for beat in beats for error in beat.errors or ()]
        told = f"; {errors[0]}" if errors else ""
        names = ", ".join(status.daemon_type for status in ill)
        return problem("daemon", f"no sign of life from {names}{told}", START)
    on = [s for s in instance.all_instigator_state() if s.status is InstigatorStatus.RUNNING]
    last = max((beat.timestamp for beat in beats), default=None)
    since = f"since {datetime.fromtimestamp(last, UTC):%Y-%m-%d %H:%M} UTC" if last else "yet"
    if on:
        names = ", ".join(sorted(state.instigator_name for state in on))
        return warning("daemon", f"has not run {since}, but is to run {names}", START)
    return ok("daemon", f"has not run {since}; sensors, schedules and the UI's runs need it")


def _named(run_ids: Sequence[str]) -> str:
    shown = ", ".join(run_id[:8] for run_id in run_ids[:3])
    return shown + (f" and {len(run_ids) - 3} more" if len(run_ids) > 3 else "")
