"""Finding out how all teams stand: everything that is asked, once each.

Belongs here: whom to ask, and sorting the answers by team. Does not: what the answers mean (`late`,
`failing`, `costly`), or what a page may show (`privacy`).

Nothing is written but the tables of the small databases where they are not there yet, and the
warehouse is not opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg

from sales_assets.alerts.store import alert_store, outages
from sales_assets.costs.ledger import Ledger
from sales_assets.healing.healer import Found, Healer
from sales_assets.healing.plan import Rules
from sales_assets.healing.state import HealingState, Parked
from sales_assets.operations.costly import costs_by_team
from sales_assets.operations.failing import (
    failed_checks,
    failed_days,
    open_problems,
    problem_items,
)
from sales_assets.operations.known import Known, Owners
from sales_assets.operations.late import behind_their_policy, days_not_made, missing_drops
from sales_assets.operations.standing import Costs, Item, Operations, Standing
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import read_teams_if_right
from sales_assets.report.links import asset_path, run_path
from sales_assets.resources.catalogue import Catalogue
from sales_assets.settings import Settings


@dataclass(frozen=True)
class Gathering:
    """An installation, and what its code knows."""

    settings: Settings
    known: Known
    instance: dg.DagsterInstance

    def teams(self) -> Teams | None:
        """The teams as the file has them now; None without one, or one that is wrong."""
        file = self.settings.teams_file
        return read_teams_if_right(file) if file else None

    def look(self, now: datetime | None = None, teams: Teams | None = None) -> Operations:
        """How all teams stand; `teams` are those that are read already."""
        at, teams = now or datetime.now(UTC), teams or self.teams()
        owners = Owners(self.known, teams)
        late, failing, parked = self._items(owners, at)
        costs = costs_by_team(Ledger(self.settings.catalogue_address), teams, at)
        return Operations(
            at, tuple(self._standings(owners, teams, late, failing, parked, costs, at))
        )

    def _items(self, owners: Owners, now: datetime) -> tuple[list[Item], list[Item], list[Item]]:
        url, known, instance = self.settings.catalogue_address, self.known, self.instance
        catalogue, state = Catalogue(url=url), HealingState(url=url)
        rules = Rules(self.settings.healing_attempts, self.settings.healing_patience_seconds)
        healer = Healer(
            *(known.contracts, known.targets, catalogue, state, instance, rules, known.first_day),
            outages(url),
        )
        found = healer.look(now, keep=False).targets
        spans = state.parked()
        parked: defaultdict[str, set[date]] = defaultdict(set)
        for span in spans:
            parked[span.source].update(span.window.days())
        incidents = alert_store(url).read()[1]
        drops, missing = missing_drops(known, catalogue, owners, now)
        problems = open_problems(known, instance, owners, incidents)
        without = {
            one.target.name: parked[one.target.name] | set(missing.get(one.target.name, ()))
            for one in found
        }
        kept = {
            one.target.name: {day: row.seen_at for day, row in state.rows(one.target.name).items()}
            for one in found
            if one.due
        }
        late = [
            *drops,
            *days_not_made(found, kept, without, owners, known.contracts, now, rules.patience),
            *behind_their_policy(known, instance, owners),
        ]
        failing = [
            *failed_checks(known, instance, owners, incidents),
            *problem_items(problems, owners, parked),
            *failed_days(found, problems, parked, owners),
        ]
        return late, failing, [_parked_item(span, owners, found) for span in spans]

    def _standings(
        self,
        owners: Owners,
        teams: Teams | None,
        late: Sequence[Item],
        failing: Sequence[Item],
        parked: Sequence[Item],
        costs: dict[str | None, Costs],
        now: datetime,
    ) -> Iterable[Standing]:
        told = {item.team for item in (*late, *failing, *parked)} | set(costs)
        made = {owners.of_asset(spec.key.to_user_string()) for spec in self.known.assets}
        names = {*made, *told, *(teams.teams if teams else ())} - {None}
        nothing = Costs(now.strftime("%Y-%m"))
        for team in (*sorted(name for name in names if name), None):
            standing = Standing(
                team,
                costs.get(team, nothing),
                *(_of(team, items) for items in (late, failing, parked)),
            )
            if team is not None or not standing.is_empty:
                yield standing


def _of(team: str | None, items: Iterable[Item]) -> tuple[Item, ...]:
    """A team's items, the longest first, those of which nobody knows since when at the end."""
    own = [item for item in items if item.team == team]
    never = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(own, key=lambda item: (item.since or never, item.subject, item.what)))


def _parked_item(span: Parked, owners: Owners, found: Sequence[Found]) -> Item:
    keys = {one.target.name: one.target.keys for one in found}.get(span.source)
    path = run_path(span.run_id) if span.run_id else ""
    return Item(
        team=owners.of_target(span.source, span.team),
        subject=span.source,
        what=str(span.window),
        since=span.since,
        cause=span.last_error,
        command=f"sales-assets heal --unpark {span.source} {span.window}",
        path=path or (asset_path(keys[-1].to_user_string()) if keys else ""),
        attempts=span.attempts,
    )
