"""What is late: drops that were promised, days that are due, assets behind their policy.

Belongs here: bringing together the three who say so, each by its own rule: the contract's calendar
(`checks.delivery`), healing's look (`healing.sight`) and Dagster's judgement of freshness. Does
not: any of these rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState

from sales_assets.checks.delivery import due_since
from sales_assets.checks.results import number_of
from sales_assets.contracts.model import SourceContract
from sales_assets.healing.days import MODELS
from sales_assets.healing.failed import CHECKS_LEFT, FAILED
from sales_assets.healing.healer import Found
from sales_assets.healing.plan import UNDER_WAY
from sales_assets.operations.known import Known, Owners
from sales_assets.operations.standing import Item
from sales_assets.partitions import Window, contiguous
from sales_assets.report.freshness import freshness_of
from sales_assets.report.links import asset_path
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.manifests import held, refusals

Missing = Mapping[str, Collection[date]]
"""The days without a drop that was due, by source."""
_SPANS = 3


def missing_drops(
    known: Known, catalogue: Catalogue, owners: Owners, now: datetime
) -> tuple[list[Item], Missing]:
    """Sources that owe drops, and the days that they owe.

    As the catalogue knows the drops: what has landed since somebody looked is not among them.
    """
    items: list[Item] = []
    missing: dict[str, list[date]] = {}
    for contract in known.contracts:
        drops = catalogue.known(contract)
        due = due_since(contract, known.first_day, now)
        found = freshness_of(due, held(contract, drops))
        if not found.missing:
            continue
        days = [day for span in found.missing for day in span.days()]
        missing[contract.name] = days
        refused = dict.fromkeys(refusals(contract, drops, days).values())
        last = f"; the last drop is of {found.last}" if found.last else ""
        raw = f"{contract.name}/raw"
        items.append(
            Item(
                team=owners.of_asset(raw),
                subject=contract.name,
                what=f"no drop for {number_of(len(days), 'day')}: {spans(found.missing)}",
                since=contract.delivery.due(days[0]),
                cause=f"a drop that may hold it is refused: {'; '.join(refused)}"
                if refused
                else f"none has come that was due by the contract{last}",
                command=f"sales-assets land FILE --source {contract.name}",
                path=asset_path(raw),
            )
        )
    return items, missing


def days_not_made(
    found: Sequence[Found],
    kept: Mapping[str, Mapping[date, float]],
    without: Mapping[str, Collection[date]],
    owners: Owners,
    contracts: Sequence[SourceContract],
    now: datetime,
    patience: float,
) -> Iterator[Item]:
    """Days that healing finds due and nothing has tried, but not those told elsewhere (`without`).

    `kept` says since when healing knows of a day. One that is as young as healing leaves to its
    own sensor, or that a run is making, is not late.
    """
    by_name = {contract.name: contract for contract in contracts}
    for one in found:
        name, told = one.target.name, without.get(one.target.name, ())
        under_way = {d for wait in one.plan.waits if wait.reason == UNDER_WAY for d in wait.days}
        by_why: defaultdict[tuple[str, str], dict[date, float]] = defaultdict(dict)
        for day, due in one.due.items():
            begun = kept.get(name, {}).get(day, due.since)
            is_young = now.timestamp() - begun < patience
            if day in told or day in under_way or one.rows[day].attempts or is_young:
                continue
            if not begun and name in by_name:
                begun = by_name[name].delivery.due(day).timestamp()
            by_why[due.why, due.blocked][day] = begun
        for (why, blocked), days in by_why.items():
            since = min((moment for moment in days.values() if moment), default=0.0)
            yield Item(
                team=owners.of_target(name, one.target.team),
                subject=name,
                what=f"{number_of(len(days), 'day')} due: {spans(contiguous(days))}",
                since=datetime.fromtimestamp(since, UTC) if since else None,
                cause=f"{why}; waits for {blocked}" if blocked else why,
                command=making(name, [why]),
                path=asset_path(one.target.keys[-1].to_user_string()),
            )


def making(target: str, whys: Iterable[str]) -> str:
    """The command that makes days of what healing looks after, which are due for these reasons."""
    if set(whys) <= {FAILED, CHECKS_LEFT}:
        return f"sales-assets backfill --missing --source {target}"
    of_source = "" if target == MODELS else f" --source {target}"
    return f"sales-assets materialize --missing{of_source}"


def behind_their_policy(
    known: Known, instance: dg.DagsterInstance, owners: Owners
) -> Iterator[Item]:
    """Assets that Dagster finds late, those of a source or a group together."""
    promised = [spec.key for spec in known.assets if spec.freshness_policy is not None]
    records = instance.get_freshness_state_records(promised) if promised else {}
    late: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for key, record in records.items():
        if record.freshness_state in {FreshnessState.WARN, FreshnessState.FAIL}:
            late["/".join(key.path[:-1])].append((key.path[-1], record.updated_at))
    for group, assets in sorted(late.items()):
        names = sorted(name for name, _ in assets)
        yield Item(
            team=owners.of_asset(f"{group}/{names[0]}"),
            subject=group,
            what=f"not materialised in time: {', '.join(names)}",
            since=min(moment for _, moment in assets),
            cause="by the freshness policy that its contract's promise makes; look for runs that "
            "failed or wait",
            command="sales-assets materialize --missing",
            path=asset_path(f"{group}/{names[0]}"),
        )


def spans(windows: Sequence[Window]) -> str:
    """Days as text, the first few spans of them."""
    shown = ", ".join(map(str, windows[:_SPANS]))
    more = len(windows) - _SPANS
    return f"{shown} and {number_of(more, 'more span')}" if more > 0 else shown
