"""`platform/costs`: what was used on each day, and by whom.

Belongs here: the asset, and what it tells of other assets. Does not: metering or prices (`costs`),
what its check says (`checks.budgets`), or when it runs (`automation.costs`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from sales_assets.assets.keys import BACKFILL
from sales_assets.assets.ranges import committing, window_of
from sales_assets.checks.budgets import budgets_are_kept, budgets_spec, no_budgets
from sales_assets.costs.processes import shared_team
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import DAY, Window
from sales_assets.resources.query_tag import ANALYTICS
from sales_assets.resources.warehouse import Warehouse
from sales_assets.settings import Settings

if TYPE_CHECKING:  # definitions load without reckoning
    from sales_assets.costs.closing import Books

COSTS = dg.AssetKey(["platform", "costs"])
_DAY = "day"
_TOLD_DAYS = 3
"""So many days until today are told on the pages of assets: of older ones a run tells only here."""
_LOOKED_AT = 6
"""Observations of an asset that are looked at for the last one of a day."""


def build_costs(
    settings: Settings,
    partitions: dg.DailyPartitionsDefinition,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The asset, owned by the team of what is shared."""

    @dg.asset(
        key=COSTS,
        group_name="platform",
        owners=[f"team:{shared_team(settings) or ANALYTICS}"],
        description=(
            "What was used on each day, by runs and by processes that wait for them: CPU, memory, "
            "bytes, credits of the warehouse, and what that costs by the rates in teams.yaml. "
            "`sales-assets costs` says by whom."
        ),
        kinds={"costs"},
        partitions_def=partitions,
        backfill_policy=BACKFILL,
        check_specs=[budgets_spec(COSTS)] if settings.teams_file is not None else [],
    )
    @retries
    def costs(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
        from sales_assets.costs.closing import bring_up_to_date, figures

        now, window = datetime.now(UTC), window_of(context)
        books = bring_up_to_date(settings, warehouse, window, now)
        with committing(context, window) as committed:
            found = books.entries(window)
            for day in window.days():
                of_day = [entry for entry in found if entry.day == day]
                told: dict[str, Any] = {**figures(of_day, books.prices, day)}
                told["runs"] = len({entry.run_id for entry in of_day if entry.run_id})
                if books.trouble:
                    told["credits_unknown"] = books.trouble
                committed.add(COSTS, [(day, told)])
        for day in window.days():
            if now.date() - _TOLD_DAYS * DAY < day <= now.date():
                _observe(context, books, day)
        return dg.MaterializeResult(
            check_results=[_budgets(books, window, now)] if settings.teams_file else []
        )

    return costs


def last_days(now: datetime) -> Window:
    """Yesterday and today: what is made each time, since a run may tell late."""
    return Window(now.date() - DAY, now.date() + DAY)


def _observe(context: dg.AssetExecutionContext, books: "Books", day: date) -> None:
    """Tell each asset's page what it used on a day, where that is not what it was told last."""
    from sales_assets.costs.closing import by_asset, figures

    for asset, found in by_asset(books.entries(Window(day, day + DAY))).items():
        key = dg.AssetKey.from_user_string(asset)
        told = figures(found, books.prices, day)
        if told != _told_last(context.instance, key, day):
            context.instance.report_runless_asset_event(
                dg.AssetObservation(
                    key,
                    description="What it used on a day, until now.",
                    metadata={_DAY: day.isoformat(), **told},
                )
            )


def _told_last(
    instance: dg.DagsterInstance, key: dg.AssetKey, day: date
) -> dict[str, object] | None:
    for record in instance.fetch_observations(key, limit=_LOOKED_AT).records:
        seen = record.event_log_entry.asset_observation
        if seen is not None and _DAY in seen.metadata:
            told: dict[str, object] = {n: value.value for n, value in seen.metadata.items()}
            if told.pop(_DAY) == day.isoformat():
                return told
    return None


def _budgets(books: "Books", window: Window, now: datetime) -> dg.AssetCheckResult:
    """How teams stand in the month of the last day."""
    from sales_assets.costs.bill import month_of, not_counted, spent

    teams, month = books.teams, month_of(window.end - DAY)
    if teams is None:
        return no_budgets(COSTS)
    budgets = {n: team.budget for n, team in teams.teams.items() if team.budget is not None}
    stand = spent(books.entries(month), books.prices, budgets, month, now)
    private = frozenset(name for name, team in teams.teams.items() if team.private)
    name = month.start.strftime("%Y-%m")
    left_out = not_counted(books.prices, month)
    return budgets_are_kept(COSTS, stand, private, teams.currency, name, left_out)
