"""What fails: blocking and other checks, runs, sensors, code locations, days that failed.

Belongs here: open incidents, and what the records say now of checks, runs and days, each problem
once. Does not: when an incident opens or ends, or what a failed run is about (`alerts`).

Incidents are there where passes of alerts are done. The records are asked besides, so that what
fails is seen without them too, and what failed before the first pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

import dagster as dg
from dagster import DagsterEventType

from sales_assets.alerts.problems import Problem, told_command
from sales_assets.alerts.runs import Runs
from sales_assets.alerts.store import Incident
from sales_assets.checks.results import number_of
from sales_assets.healing.days import MODELS
from sales_assets.healing.healer import Found
from sales_assets.instance.ended_runs import failure_numbers
from sales_assets.instance.event_log import log_of
from sales_assets.operations.known import Known, Owners
from sales_assets.operations.late import Missing, making, spans
from sales_assets.operations.standing import Item
from sales_assets.partitions import Window, contiguous
from sales_assets.report.check_results import read_checks
from sales_assets.report.checks import Outcome
from sales_assets.report.links import asset_path, check_path

_NO_RUN = ""
RUNS, CHECKS = "runs", "checks"
_ELSEWHERE = {"parked", "freshness"}
"""Scopes of incidents that are told as parked and as late, by who knows it now."""


def failed_checks(
    known: Known, instance: dg.DagsterInstance, owners: Owners, incidents: Sequence[Incident]
) -> Iterator[Item]:
    """Checks whose last result is an error; a warning stops nothing, and is on the report."""
    opened = {one.problem.key: one.told.opened for one in incidents}
    for check in read_checks(instance, known.checks, _NO_RUN):
        if check.outcome is not Outcome.FAILED:
            continue
        source = owners.assets.owner([check.asset]).source
        again = "sales-assets materialize --missing" + (f" --source {source}" if source else "")
        yield Item(
            team=owners.of_asset(check.asset),
            subject=check.asset,
            what=f"the check {check.name} fails",
            since=opened.get(f"check:{check.asset}:{check.name}", check.at),
            cause=check.said,
            command=told_command(check.said) or again,
            path=check_path(check.asset, check.name),
        )


def open_problems(
    known: Known, instance: dg.DagsterInstance, owners: Owners, incidents: Sequence[Incident]
) -> list[tuple[Problem, datetime]]:
    """What else is wrong, and since when: incidents, and failed runs that nobody was told of."""
    checks = {f"check:{c.asset_key.to_user_string()}:{c.name}" for c in known.checks}
    found = {
        one.problem.key: (one.problem, one.told.opened)
        for one in incidents
        if one.problem.scope not in _ELSEWHERE
        and one.problem.key not in checks
        and (one.problem.scope != CHECKS or one.told.severity.is_error)
    }
    told = {asset for problem, _ in found.values() if problem.work for asset in problem.work.assets}
    for problem in _failed_runs(known, instance, owners):
        assert problem.work is not None
        if problem.key not in found and not told.issuperset(problem.work.assets or ("",)):
            found[problem.key] = problem, problem.at
    return list(found.values())


def _failed_runs(known: Known, instance: dg.DagsterInstance, owners: Owners) -> Iterator[Problem]:
    """The failures of the last runs of assets, of which not all was made since."""
    keys = [spec.key for spec in known.assets]
    last = {
        record.asset_entry.last_run_id
        for record in instance.get_asset_records(keys)
        if record.asset_entry.last_run_id
    }
    if not last:
        return
    runs = Runs(instance, log_of(instance), owners.assets)
    failed = dg.RunsFilter(run_ids=sorted(last), statuses=[dg.DagsterRunStatus.FAILURE])
    found = [run.run_id for run in instance.get_runs(failed)]
    for run_id, number in failure_numbers(instance, found).items():
        records = instance.get_records_for_run(run_id, of_type=DagsterEventType.RUN_FAILURE).records
        for record in records[-1:]:
            entry = record.event_log_entry
            at = datetime.fromtimestamp(entry.timestamp, UTC)
            for problem in runs.failures(number, entry, at):
                if runs.mended(problem) is None:
                    yield problem


def problem_items(
    problems: Iterable[tuple[Problem, datetime]], owners: Owners, parked: Missing
) -> Iterator[Item]:
    """Problems as items; a failed run all of whose days are parked is told as that."""
    for problem, since in problems:
        work = problem.work
        days = _days(work.first, work.last) if work else None
        told = parked.get(problem.source or MODELS, ())
        if days is not None and all(day in told for day in days.days()):
            continue
        yield Item(
            team=owners.of_problem(work.assets if work else (), problem.team),
            subject=problem.source or (work.assets[0] if work and work.assets else ""),
            what=problem.what,
            since=since,
            cause=problem.cause,
            command=problem.command,
            path=problem.path,
        )


def failed_days(
    found: Sequence[Found],
    problems: Sequence[tuple[Problem, datetime]],
    parked: Missing,
    owners: Owners,
) -> Iterator[Item]:
    """Days that healing has seen fail and that no problem is about."""
    for one in found:
        target = one.target
        own = {key.to_user_string() for key in target.keys}
        told = [
            span
            for problem, _ in problems
            if (work := problem.work) and own & set(work.assets)
            if (span := _days(work.first, work.last))
        ]
        by_error: dict[str, dict[date, float]] = {}
        for day in one.due:
            row = one.rows[day]
            is_told = day in parked.get(target.name, ()) or any(day in span for span in told)
            if row.attempts and not is_told:
                by_error.setdefault(row.error, {})[day] = row.tried_at
        for error, days in by_error.items():
            yield Item(
                team=owners.of_target(target.name, target.team),
                subject=target.name,
                what=f"{number_of(len(days), 'day')} failed: {spans(contiguous(days))}",
                since=datetime.fromtimestamp(min(days.values()), UTC),
                cause=error,
                command=making(target.name, [one.due[day].why for day in days]),
                path=asset_path(target.keys[-1].to_user_string()),
            )


def _days(first: str | None, last: str | None) -> Window | None:
    """The days of a run; None if it has none, or partitions of another kind."""
    try:
        return Window.of_keys(first, last) if first and last else None
    except ValueError:
        return None
