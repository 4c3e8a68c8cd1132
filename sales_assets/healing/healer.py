"""Looking at targets: what is due, what was tried, what to ask for now.

Belongs here: bringing together what is known, and remembering it. Does not: deciding (`plan`), or
asking (the sensor in `automation.healing`, and `asking` for commands).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import dagster as dg

from sales_assets.contracts.model import SourceContract
from sales_assets.healing.days import Due, Outage, Row, Sight, Target, Tried
from sales_assets.healing.failed import failed_days
from sales_assets.healing.plan import Plan, Rules, plan, remember
from sales_assets.healing.runs import Dead, Runs
from sales_assets.healing.sight import see_models, see_source
from sales_assets.healing.state import HealingState, Remembered
from sales_assets.resources.catalogue import Catalogue


@dataclass(frozen=True)
class Found:
    """A target, how it is, and what to do."""

    target: Target
    due: Mapping[date, Due]
    rows: Mapping[date, Row]
    plan: Plan


@dataclass(frozen=True)
class Look:
    """What one look has found."""

    targets: Sequence[Found]
    dead: Sequence[Dead]


@dataclass(frozen=True)
class Healer:
    """Looks at targets of an installation."""

    contracts: Sequence[SourceContract]
    targets: Sequence[Target]
    catalogue: Catalogue
    state: HealingState
    instance: dg.DagsterInstance
    rules: Rules
    first_day: date
    outages: Sequence[Outage] = ()

    def look(self, now: datetime | None = None, *, keep: bool = True) -> Look:
        """Look at all targets; with `keep`, count attempts and remember what was seen."""
        at = now or datetime.now(UTC)
        runs = Runs(self.instance)
        found = [self._look_at(target, runs, at, keep=keep) for target in self.targets]
        return Look(found, runs.dead(self.rules.patience, at.timestamp()))

    def _look_at(self, target: Target, runs: Runs, at: datetime, *, keep: bool) -> Found:
        before = self.state.remembered(target.name, ())
        parked = {row.run_id for row in before.rows.values() if row.parked_at and row.run_id}
        failed = failed_days(self.instance, target, runs.failed(target, parked))
        sight, now = self._see(target, at, failed), at.timestamp()
        tried = list(runs.ended(target, sight.due, before.looked_at)) if sight.due else []
        roots = {run.root: run.ended_at for run in tried}
        made_now = runs.made_now(target)

        def remembering(known: Remembered) -> dict[date, Row]:
            marked = [self._marked(run, known) for run in tried]
            looked_at = known.looked_at
            return remember(known.rows, sight.due, marked, looked_at, now, self.rules, made_now)

        if keep:
            rows = self.state.keep(target, remembering, roots, now)
        else:
            rows = remembering(self.state.remembered(target.name, roots))
        chosen = plan(target.name, sight, rows, runs.under_way(target), now, self.rules)
        return Found(target, sight.due, rows, chosen)

    def _marked(self, run: Tried, known: Remembered) -> Tried:
        return replace(
            run,
            is_counted=run.root in known.counted,
            is_excused=any(outage.excuses(run) for outage in self.outages),
        )

    def _see(self, target: Target, at: datetime, failed: Mapping[date, str]) -> Sight:
        for contract in self.contracts:
            if contract.name == target.name:
                known = (self.catalogue, self.instance, self.first_day)
                return see_source(contract, *known, at, failed)
        return see_models(target, self.instance, failed)
