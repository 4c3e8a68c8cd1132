"""What `sales-assets heal` and `backfill` do on a whole installation.

Belongs here: loading what they need, and asking the daemon. Does not: printing (`cli`), deciding
(`plan`) or finding out (`healer`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

import dagster as dg

from sales_assets.alerts.store import outages
from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.build import partitions_of
from sales_assets.contracts.load import load_contracts
from sales_assets.dbt_manifest import read_specs
from sales_assets.healing.asking import ask, is_daemon_there
from sales_assets.healing.days import MODELS, Target
from sales_assets.healing.healer import Found, Healer, Look
from sales_assets.healing.plan import Rules
from sales_assets.healing.runs import Runs, end_dead_runs
from sales_assets.healing.sight import models_target, source_target
from sales_assets.healing.tags import healing_tags
from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.runs import RunStarter
from sales_assets.partitions import Window, contiguous
from sales_assets.planning import find_contract
from sales_assets.resources.build import build_resources
from sales_assets.settings import PROJECT, Settings


@dataclass(frozen=True)
class Asked:
    """Days that were asked for, or would be: of which target, and in which backfill."""

    target: str
    windows: tuple[Window, ...]
    backfill: str = ""


class Healing:
    """The targets of an installation and its instance, loaded once for one command."""

    def __init__(self, settings: Settings) -> None:
        settings.refuse_part()
        self._settings = settings
        self._contracts = load_contracts([settings.contracts_folder])
        self._starter = RunStarter(PROJECT / "workspace.yaml")
        # Where teams share the installation, rates are another location's and come by themselves.
        self._along = [EXCHANGE_RATES] if settings.teams_file is None else []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        settings = self._settings
        self.instance = self._stack.enter_context(
            embedded_instance(settings.dagster_home, settings)
        )
        resources = build_resources(settings)
        self.state, catalogue = resources["healing"], resources["catalogue"]
        models = read_specs(settings.dbt_prepared).assets
        checks = self._starter.check_specs()
        self._healer = Healer(
            self._contracts,
            [
                *(source_target(contract, self._along) for contract in self._contracts),
                models_target(models, self._contracts, checks),
            ],
            catalogue,
            self.state,
            self.instance,
            Rules(settings.healing_attempts, settings.healing_patience_seconds),
            partitions_of(settings, self._contracts).start.date(),
            outages(settings.catalogue_address),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def look(self, *, keep: bool) -> Look:
        """What is due and what to do; with `keep`, attempts are counted."""
        return self._healer.look(keep=keep)

    def heal(self, look: Look) -> list[Asked]:
        """End dead runs, and ask for what the plan asks for."""
        end_dead_runs(self.instance, look.dead)
        asked = []
        for found in look.targets:
            for request in found.plan.requests:
                keys = (*found.target.keys, *found.target.along)
                backfill = ask(
                    self.instance,
                    self._starter.graph,
                    {key: [request.window] for key in keys},
                    f"heal {found.target.name}, attempt {request.attempt}",
                    healing_tags(request.key, found.target.team),
                )
                asked.append(Asked(found.target.name, (request.window,), backfill))
        return asked

    def target_name(self, name: str) -> str:
        """The name of the target that a person means; raises UsageError for none."""
        return MODELS if name == MODELS else find_contract(self._contracts, name).name

    def backfill(
        self, source: str | None, within: Window | None, *, failed: bool, dry_run: bool
    ) -> tuple[list[Asked], list[str]]:
        """Ask for the days that are due, in as few backfills as can be; and what is left out.

        With `failed`, only for those that were tried. Parked ones too, since a person asks.
        """
        wanted = self.target_name(source) if source else None
        runs = Runs(self.instance)
        chosen: dict[Target, list[date]] = {}
        left_out: list[str] = []
        for found in self._healer.look(keep=not dry_run).targets:
            if wanted is not None and found.target.name != wanted:
                continue
            days, kept = _chosen(found, within, runs.under_way(found.target), failed=failed)
            left_out += kept
            if days:
                chosen[found.target] = days
        sources = {target: days for target, days in chosen.items() if target.name != MODELS}
        # Models above days that are made anew follow by automation, after checks have passed.
        anew = {day for days in sources.values() for day in days}
        models = {
            target: rest
            for target, days in chosen.items()
            if target.name == MODELS and (rest := [day for day in days if day not in anew])
        }
        asked: list[Asked] = []
        for group in (sources, models):
            if group:
                backfill = "" if dry_run else self._ask(group)
                asked += [Asked(t.name, tuple(contiguous(d)), backfill) for t, d in group.items()]
        return asked, left_out

    def _ask(self, group: Mapping[Target, Sequence[date]]) -> str:
        days: dict[dg.AssetKey, set[date]] = {}
        for target, own in group.items():
            for key in (*target.keys, *target.along):
                days.setdefault(key, set()).update(own)
        names = ", ".join(target.name for target in group)
        windows = {key: contiguous(own) for key, own in days.items()}
        return ask(self.instance, self._starter.graph, windows, f"sales-assets backfill: {names}")

    def unpark(self, name: str, window: Window) -> list[date]:
        """Let parked days be asked for again."""
        now = datetime.now(UTC).timestamp()
        days: list[date] = self.state.unpark(self.target_name(name), window, now)
        return days

    @property
    def is_daemon_there(self) -> bool:
        """Whether a daemon carries out what is asked for."""
        return is_daemon_there(self.instance)


def _chosen(
    found: Found, within: Window | None, under_way: Iterable[Window], *, failed: bool
) -> tuple[list[date], list[str]]:
    """The days to ask for, and why others are left out."""
    taken = list(under_way)
    days: list[date] = []
    kept: dict[str, list[date]] = {}
    for day, due in sorted(found.due.items()):
        if (within is not None and day not in within) or (failed and not found.rows[day].attempts):
            continue
        if any(day in window for window in taken):
            kept.setdefault("a run of them is under way", []).append(day)
        elif due.blocked:
            kept.setdefault(f"they wait for {due.blocked}", []).append(day)
        else:
            days.append(day)
    return days, [
        f"{found.target.name}, {', '.join(map(str, contiguous(own)))}: {reason}"
        for reason, own in kept.items()
    ]
