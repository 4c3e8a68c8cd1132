"""Which days of which sources a command is to materialise, and in which runs.

Belongs here: windows per source, what is due, and the fewest runs. Does not: starting runs
(`instance.runs`) or what a run does (`assets`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg
from dagster import DagsterEventType

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import UsageError
from sales_assets.partitions import DAY, Window, contiguous
from sales_assets.resources.manifests import Known, fingerprint, manifests, refusals
from sales_assets.resources.warehouse import LoadedDay


@dataclass(frozen=True)
class PlannedRun:
    """One run: a window, and the sources whose assets it materialises."""

    window: Window
    sources: tuple[str, ...]


def parse_window(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """The first and last day that a person asked for, both included.

    Raises UsageError for a text that is no date and for an inverted range.
    """

    def parse(option: str, text: str | None) -> date | None:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise UsageError(f"{option} {text}: is no date; write it as 2024-12-31") from error

    start, end = parse("--from", first), parse("--to", last)
    if start and end and end < start:
        raise UsageError(f"--from {start} is after --to {end}; exchange them")
    return start, end


def history_window(
    contract: SourceContract, first: date | None, last: date | None, first_partition: date
) -> Window | None:
    """The part of a source's history that was asked for; None if there is no such day.

    Days that were asked for by name are taken even outside of the history.
    """
    today = datetime.now(UTC).date()
    start = first or max(contract.history.start, first_partition)
    end = (last + DAY) if last else min(contract.history.end or today + DAY, today + DAY)
    if start < first_partition:
        raise UsageError(
            f"{start} lies before the first partition, {first_partition}; "
            "set SALES_ASSETS_FIRST_DAY to an earlier day"
        )
    if end > today + DAY:
        raise UsageError(f"{end - DAY} lies in the future; the last partition is today, {today}")
    return Window(start, end) if start < end else None


def due_days(
    contract: SourceContract,
    window: Window,
    known: Mapping[str, Known],
    loaded: Mapping[date, LoadedDay],
    recorded: Collection[str],
) -> list[date]:
    """The days of a window that are not as their drops are.

    `recorded` are the partitions whose assets are all materialised, marts after revenue. A day
    is due if its rows come from other files or another contract, if something of it was never
    materialised, or if a refused drop may be about it.
    """
    by_day = manifests(contract, known)
    refused = refusals(contract, known, window.days())
    due = []
    for day in window.days():
        wanted = fingerprint(contract, by_day.get(day, ()))
        has = loaded[day].fingerprint if day in loaded else "empty"
        if wanted != has or day.isoformat() not in recorded or day in refused:
            due.append(day)
    return due


def recorded_days(
    instance: dg.DagsterInstance, contract: SourceContract, downstream: Iterable[dg.AssetKey]
) -> set[str]:
    """The partitions of a source whose assets are all materialised, each after its upstream."""
    latest = instance.event_log_storage.get_latest_storage_id_by_partition
    kind = DagsterEventType.ASSET_MATERIALIZATION
    raw, staged, revenue, rejected = (
        latest(asset_key(contract, layer), kind)
        for layer in ("raw", "staged", "revenue", "rejected")
    )
    # A run that is killed after it has loaded a restated day has not recorded that it did.
    days = {
        day
        for day in raw.keys() & staged.keys() & revenue.keys() & rejected.keys()
        if raw[day] < staged[day] < revenue[day]
    }
    rates = latest(EXCHANGE_RATES, kind)
    days &= set(rates)
    for key in downstream:
        marts = latest(key, kind)
        days = {day for day in days if marts.get(day, -1) > max(rates[day], revenue[day])}
    return days


def plan_runs(
    days: Mapping[str, Collection[date]], refused: Mapping[str, Collection[date]] | None = None
) -> list[PlannedRun]:
    """Few runs of contiguous days in which no source gets a day that it did not ask for.

    Days of refused drops come first, in runs of their own: these fail, and keep no other day
    waiting.
    """
    bad = {source: set(own) & set((refused or {}).get(source, ())) for source, own in days.items()}
    good = {source: set(own) - bad[source] for source, own in days.items()}
    return [*_few_runs(bad), *_few_runs(good)]


def _few_runs(days: Mapping[str, Collection[date]]) -> list[PlannedRun]:
    """The runs in the order of their days.

    Where days of several sources touch, either each source runs its own span in one go (sources
    with the same span together), or each span of days that the same sources want is one run:
    whichever takes fewer runs.
    """
    runs: list[PlannedRun] = []
    for window in contiguous(day for own in days.values() for day in own):
        wanted = {
            source: [day for day in sorted(set(own)) if day in window]
            for source, own in sorted(days.items())
        }
        spans, shared = _runs_of_spans(wanted), _runs_of_days(wanted)
        runs += spans if len(spans) <= len(shared) else shared
    return sorted(runs, key=lambda run: (run.window.start, run.sources))


def _runs_of_spans(days: Mapping[str, Sequence[date]]) -> list[PlannedRun]:
    wanting: dict[Window, list[str]] = {}
    for source, own in days.items():
        for window in contiguous(own):
            wanting.setdefault(window, []).append(source)
    return [PlannedRun(window, tuple(sources)) for window, sources in wanting.items()]


def _runs_of_days(days: Mapping[str, Sequence[date]]) -> list[PlannedRun]:
    wanting: dict[date, list[str]] = {}
    for source, own in days.items():
        for day in own:
            wanting.setdefault(day, []).append(source)
    by_sources: dict[tuple[str, ...], list[date]] = {}
    for day, sources in wanting.items():
        by_sources.setdefault(tuple(sources), []).append(day)
    return [
        PlannedRun(window, sources)
        for sources, own in by_sources.items()
        for window in contiguous(own)
    ]


def find_contract(contracts: Sequence[SourceContract], name: str) -> SourceContract:
    """The contract of a source named `source` or `team/source`.

    Raises UsageError that lists the sources there are.
    """
    found = [contract for contract in contracts if name in {contract.source, contract.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(contract.name for contract in found or contracts)
    if found:
        raise UsageError(f"source '{name}' is not clear; choose one of {names}")
    raise UsageError(f"there is no source '{name}'; there are {names}")
