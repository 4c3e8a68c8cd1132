"""Dagster's instance: its configuration, pools, runs and daemon.

Belongs here: what keeps runs from starting or from ending. Does not: whether runs succeeded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa
import yaml
from dagster._core.launcher import WorkerStatus
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
    QueuedRunCoordinatorDaemon,
)

from sales_assets.assets.exchange_rates import POOL
from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.instance.embedded import instance_configuration
from sales_assets.instance.liveness import living_daemons
from sales_assets.settings import Settings, find_dagster_home
from sales_assets.workers import warehouse_pool

START = "`make ui` starts it; where it runs by itself, start `dagster-daemon run` again"
ON = frozenset({InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE})


def dagster(settings: Settings) -> Iterator[Finding]:
    """Whether runs can start, wait for nothing that is gone, and have a daemon to start them."""
    home = find_dagster_home(settings)
    file = home / "dagster.yaml"
    if not file.exists():
        yield ok("Dagster", f"{file}, made by the first command")
        return
    os.environ["DAGSTER_HOME"] = str(home)  # its configuration may name it
    try:
        instance = dg.DagsterInstance.from_config(str(home))
        _ = instance.run_launcher, instance.run_coordinator  # Dagster makes them when it needs them
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        yield problem("Dagster", f"{file}: its storage: {reason}", "see that the database answers")
        return
    except Exception as error:  # noqa: BLE001  # Dagster's or YAML's
        told = f"{file}: {type(error).__name__}: {error}"
        yield problem("Dagster", told, "correct the file, or set the variable that it names")
        return
    with instance:
        yield _configuration(settings, instance, str(file))
        yield from _healing(instance, str(file))
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
    if settings.teams_file is not None and (wrong := _no_fair_queue(instance, file)):
        return wrong
    if not instance.run_monitoring_enabled:
        return warning(
            "Dagster",
            f"{file} has run_monitoring off: a killed run stays started, and others wait for it",
            "set run_monitoring: {enabled: true}",
        )
    return ok("Dagster", f"{file}, {storage}")


def _healing(instance: dg.DagsterInstance, file: str) -> Iterator[Finding]:
    """What a dagster.yaml from before lacks for ending stuck runs and beginning dead ones again."""
    new = instance_configuration()
    wanted = {name: new[name] for name in ("run_monitoring", "run_retries")}
    lacking = {
        "a run that is stuck is never ended": not instance.run_monitoring_max_runtime_seconds,
        "a place in a pool that a dead run holds is never given back": not instance.get_settings(
            "run_monitoring"
        ).get("free_slots_after_run_end_seconds"),
        "a run whose process died is not begun again": not instance.run_retries_enabled,
        "runs are begun again whatever they failed for, on top of what steps and healing do": (
            instance.run_retries_enabled and instance.run_retries_retry_on_asset_or_op_failure
        ),
    }
    if told := [what for what, is_so in lacking.items() if is_so]:
        text = yaml.safe_dump(wanted, default_flow_style=True, width=1000).strip()[1:-1]
        yield warning("stuck runs", f"{file}: {'; '.join(told)}", f"set {text}")


def _no_fair_queue(instance: dg.DagsterInstance, file: str) -> Finding | None:
    """What keeps teams.yaml's limits and shares from being in force."""
    from sales_assets.platform.queue.coordinator import TeamRunCoordinator  # of shared ones alone

    if not isinstance(instance.run_coordinator, TeamRunCoordinator):
        return warning(
            "Dagster",
            f"{file} has {type(instance.run_coordinator).__name__}: runs are marked with no team, "
            "and one team's can keep all others waiting",
            "set run_coordinator: {module: sales_assets.platform.queue.coordinator, class: "
            "TeamRunCoordinator, config: {teams_file: FILE}}, or move the file away, and the next "
            "command makes it anew",
        )
    if "tag_concurrency_limits" in instance.get_settings("concurrency").get("runs", {}):
        return warning(
            "Dagster",
            f"{file} has concurrency.runs.tag_concurrency_limits, which replace the teams' limits",
            "take them out; quota.runs in teams.yaml is the limit of a team",
        )
    return None


def _pools(settings: Settings, instance: dg.DagsterInstance) -> Finding:
    """Pools have limits, and nobody who is gone keeps a place in them."""
    storage = instance.event_log_storage
    pools = [pool for pool in (POOL, warehouse_pool(settings)) if pool]
    infos = {pool: storage.get_concurrency_info(pool) for pool in pools}
    unlimited = [pool for pool, info in infos.items() if info.limit is None]
    if unlimited:
        commands = "; ".join(f"dagster instance concurrency set {pool} 1" for pool in unlimited)
        return warning(
            "pools",
            f"without a limit: {', '.join(unlimited)}; too many steps would work at once",
            f"{commands} (a command like `sales-assets status` does it too where the home is its)",
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
    if queued and QueuedRunCoordinatorDaemon.daemon_type() not in living_daemons(instance):
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


def _daemon(instance: dg.DagsterInstance) -> Finding:
    required, alive = set(instance.get_required_daemon_types()), living_daemons(instance)
    if required <= alive:
        return ok("daemon", f"alive: {', '.join(sorted(required))}")
    beats = instance.get_daemon_heartbeats()
    if required & alive:
        errors = [
            e.message.strip() for p in required - alive if p in beats for e in beats[p].errors or ()
        ]
        told = f"; {errors[0]}" if errors else ""
        names = ", ".join(sorted(required - alive))
        return problem("daemon", f"no sign of life from {names}{told}", START)
    last = max((beat.timestamp for beat in beats.values()), default=None)
    since = f"since {datetime.fromtimestamp(last, UTC):%Y-%m-%d %H:%M} UTC" if last else "yet"
    on = sorted(s.instigator_name for s in instance.all_instigator_state() if s.status in ON)
    if on:
        return warning("daemon", f"has not run {since}, but is to run {', '.join(on)}", START)
    return ok("daemon", f"has not run {since}; sensors, schedules and the UI's runs need it")


def _named(run_ids: Sequence[str]) -> str:
    shown = ", ".join(run_id[:8] for run_id in run_ids[:3])
    return shown + (f" and {len(run_ids) - 3} more" if len(run_ids) > 3 else "")
