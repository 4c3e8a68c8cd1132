"""What `sales-assets materialize` and `status` do: plan, run, sum up.

Belongs here: the commands' work on the loaded definitions. Does not: planning itself
(`planning`), starting a run (`instance.runs`) or printing (`cli`, `summary`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import dagster as dg
from rich.table import Table

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.assets.mart_variables import Conversion
from sales_assets.automation.landing import LAYERS
from sales_assets.build import partitions_of
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.due import days_to_ask
from sales_assets.exchange_rates.state import RateState
from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.ended_runs import failure_reasons
from sales_assets.instance.runs import RunStarter, step_seconds
from sales_assets.partitions import Window
from sales_assets.planning import (
    PlannedRun,
    due_days,
    find_contract,
    history_window,
    parse_window,
    plan_runs,
    recorded_days,
)
from sales_assets.resources.build import build_resources
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.manifests import Known, manifests, refusals
from sales_assets.resources.report_folder import PAGE
from sales_assets.resources.staging_area import StagingArea
from sales_assets.resources.warehouse import Warehouse
from sales_assets.settings import PROJECT, Settings
from sales_assets.summary import count_checks, refused_lines, source_table


@dataclass(frozen=True)
class SourceState:
    """How a source stands: days that are due, lines of drops that no such day holds, refusals."""

    source: str
    due: int
    lines_outside: int
    refused: list[str]


class Materializer:
    """The definitions and the instance, loaded once for one command."""

    def __init__(self, settings: Settings) -> None:
        settings.refuse_part()
        self._settings = settings
        self._contracts = load_contracts([settings.contracts_folder])
        self._starter = RunStarter(PROJECT / "workspace.yaml")
        resources = build_resources(settings)
        self._zone: LandingZone = resources["landing_zone"]
        self._catalogue: Catalogue = resources["catalogue"]
        self._staging_area: StagingArea = resources["staging_area"]
        self._warehouse: Warehouse = resources["warehouse"]
        self._rate_api: ExchangeRateApi = resources["exchange_rate_api"]
        self._rate_state: RateState = resources["rate_state"]
        self._conversion = Conversion.of(self._contracts, settings.reporting_currency)
        self._seconds: dict[str, float] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._instance = self._stack.enter_context(
            embedded_instance(self._settings.dagster_home, self._settings)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def report(self) -> Path:
        """The report's file; the exports are beside it."""
        return self._settings.report_folder / PAGE

    def plan(
        self,
        source: str | None,
        first: str | None,
        last: str | None,
        *,
        missing: bool,
        marts: bool = True,
    ) -> list[PlannedRun]:
        """The runs for what was asked; with `missing` only days that are due.

        Without `marts`, a day whose marts alone are due is not.

        Raises UsageError for an unknown source, a wrong date or an inverted range.
        """
        start, end = parse_window(first, last)
        chosen = [find_contract(self._contracts, source)] if source else self._contracts
        first_partition = partitions_of(self._settings, self._contracts).start.date()
        days: dict[str, list[date]] = {}
        refused: dict[str, Collection[date]] = {}
        for contract in chosen:
            window = history_window(contract, start, end, first_partition)
            if window is not None:
                asked, known = list(window.days()), self._known(contract)
                due = self._due(contract, window, known, marts=marts) if missing else asked
                days[contract.name] = due
                refused[contract.name] = refusals(contract, known, asked)
        return plan_runs(days, refused)

    def _due(
        self,
        contract: SourceContract,
        window: Window,
        known: dict[str, Known],
        *,
        marts: bool = True,
    ) -> list[date]:
        now = datetime.now(UTC)
        until = self._rate_api.published_until(now)
        behind = days_to_ask(self._rate_state.days(window), self._conversion.symbols, until, now)
        above = self._starter.keys_above_sources() if marts else []
        recorded = recorded_days(self._instance, contract, above)
        outdated = self._outdated if marts else []
        return due_days(
            contract,
            window,
            known,
            self._warehouse.loaded(contract.name, window),
            recorded.difference(map(str, [*behind, *outdated])),
        )

    @cached_property
    def _outdated(self) -> list[date]:
        return self._warehouse.outdated_marts(self._conversion.rules)

    def _known(self, contract: SourceContract) -> dict[str, Known]:
        return self._catalogue.refresh(contract, self._zone, self._staging_area.inspect)

    def run(self, runs: Sequence[PlannedRun], *, marts: bool = True) -> list[str]:
        """Carry the runs out, one after the other; return why any failed.

        The reports are refreshed once, in the last run; without `marts`, neither they nor the
        models are made. Raises KeyboardInterrupt if a run was cancelled, after it has ended in
        good order.
        """
        failures: list[str] = []
        for number, planned in enumerate(runs, start=1):
            begun = time.monotonic()
            keys = [
                asset_key(contract, layer)
                for contract in self._contracts
                if contract.name in planned.sources
                for layer in LAYERS
            ]
            keys.append(EXCHANGE_RATES)
            if marts:
                keys += self._starter.keys_above_sources(reports=number == len(runs))
            run = self._starter.run(self._instance, keys, planned.window)
            if run.status is dg.DagsterRunStatus.CANCELED:
                raise KeyboardInterrupt
            if not run.is_success:
                failures += failure_reasons(self._instance, run)
            self._add_seconds(run, time.monotonic() - begun, marts=marts)
        return failures

    def _add_seconds(self, run: dg.DagsterRun, total: float, *, marts: bool) -> None:
        """Share a run's seconds out: to sources and rates by their steps, the rest to the marts."""
        rates = EXCHANGE_RATES.to_user_string()
        names = {rates: "rates"} | {contract.name: contract.name for contract in self._contracts}
        for step, spent in step_seconds(self._instance, run).items():
            name = names.get("/".join(step.split("__")[:2]))
            if name is not None:
                self._seconds[name] = self._seconds.get(name, 0.0) + spent
                total -= spent
        if marts:
            self._seconds["marts"] = self._seconds.get("marts", 0.0) + total

    def summary(self, *, seconds: bool = True) -> Table:
        """The table of sources as they are now."""
        return source_table(
            self._contracts,
            self._warehouse,
            count_checks(self._instance, self._starter.check_keys()),
            self._settings.reporting_currency,
            self._seconds if seconds else None,
        )

    def state(self) -> Iterator[SourceState]:
        """How each source stands."""
        first_partition = partitions_of(self._settings, self._contracts).start.date()
        for contract in self._contracts:
            window = history_window(contract, None, None, first_partition)
            known = self._known(contract)
            yield SourceState(
                contract.name,
                len(self._due(contract, window, known)) if window else 0,
                sum(
                    sum(entry.lines for entry in files)
                    for day, files in manifests(contract, known).items()
                    if window is None or day not in window
                ),
                refused_lines(known.values()),
            )

    def without_contract(self) -> list[str]:
        """Sources whose rows are in the warehouse although no contract describes them any more."""
        rows = self._warehouse.rows("SELECT DISTINCT source FROM ledger WHERE lines > 0 ORDER BY 1")
        names = {contract.name for contract in self._contracts}
        return [source for (source,) in rows if source not in names]
