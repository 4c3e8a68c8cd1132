"""Putting the definitions together.

Belongs here: which parts make up a code location for given settings, and what all parts share.
Does not: what is in a part (`parts`). Serves `definitions`, tests and other code locations.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.definitions_load_context import (
    DefinitionsLoadContext,
    DefinitionsLoadType,
)

from sales_assets.assets.audit_head import build_audit_assets
from sales_assets.assets.freshness import timely
from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.assets.locations import located, locations
from sales_assets.assets.staged import build_staged
from sales_assets.assets.staged_in_parts import build_staged_in_parts
from sales_assets.automation.audit import build_audit_schedules
from sales_assets.automation.healing import build_healing_sensor
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import daily_partitions
from sales_assets.parts.backfills import backfilled_apart
from sales_assets.parts.basis import Basis, Content
from sales_assets.parts.shared import build_shared, build_shared_alone
from sales_assets.parts.sources import build_sources, contracts_of
from sales_assets.platform.options import Part
from sales_assets.resources.build import build_resources, warehouse_database
from sales_assets.settings import Settings
from sales_assets.workers import build_executor

# Single-run backfills are what keeps a year one run; that Dagster calls them beta is settled by
# pinning Dagster (docs/decisions).
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def partitions_of(
    settings: Settings, contracts: tuple[SourceContract, ...]
) -> dg.DailyPartitionsDefinition:
    """The one partitions definition: from the setting, or the earliest day of a contract.

    It is the same in every part, so that the days of one team's assets are those of all others'.
    """
    first = settings.first_day or min(contract.history.start for contract in contracts)
    return daily_partitions(first)


def build_definitions(
    settings: Settings, overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """All definitions for these settings; `overrides` replaces resources by name."""
    contracts = load_contracts([settings.contracts_folder])
    resources = {**build_resources(settings), **(overrides or {})}
    basis = Basis(settings, contracts, partitions_of(settings, contracts), resources)
    content = _content(basis)
    audit = [] if settings.part is Part.SOURCES else build_audit_assets(settings)
    places = {**_places(basis), **content.places}
    if settings.teams_file is not None and not _is_in_a_run():
        from sales_assets.platform.ownership import check_ownership  # of shared installations

        keys = content.keys.union(*(asset.keys for asset in audit))
        check_ownership(settings.teams_file, settings.part, settings.team, contracts, keys)
    return dg.Definitions(
        assets=[
            *timely(located(content.assets, places), contracts, content.above),
            *audit,
            *content.read,
        ],
        asset_checks=content.checks,
        sensors=[*content.sensors, _healing(basis, content)],
        schedules=[*content.schedules, *build_audit_schedules(audit)],
        resources=resources,
        executor=build_executor(settings),
    )


def _is_in_a_run() -> bool:
    """Whether the process is a run's or a step's: what a code server has loaded is not judged anew.

    teams.yaml may have changed since.
    """
    return DefinitionsLoadContext.get().load_type is DefinitionsLoadType.RECONSTRUCTION


def _content(basis: Basis) -> Content:
    """What the code location is to hold."""
    settings = basis.settings
    match settings.part:
        case Part.EVERYTHING:
            sources = build_sources(basis, basis.contracts, along=[EXCHANGE_RATES])
            return sources + build_shared(basis, sources)
        case Part.SOURCES:
            team, contracts = str(settings.team), contracts_of(basis, settings.team)
            return backfilled_apart(build_sources(basis, contracts), team)
        case Part.SHARED:
            sources = build_sources(basis, basis.contracts)
            return backfilled_apart(build_shared_alone(basis, sources), settings.part)


def _healing(basis: Basis, content: Content) -> dg.SensorDefinition:
    """The sensor that mends what is made here; one location ends the dead runs of all."""
    return build_healing_sensor(
        basis.contracts,
        content.targets,
        basis.partitions,
        basis.healing,
        basis.settings.healing_interval_seconds,
        ends_dead_runs=basis.settings.part is not Part.SOURCES,
    )


def _places(basis: Basis) -> dict[dg.AssetKey, Mapping[str, Any]]:
    """Where the data and the code of each asset are that is no dbt model."""
    settings, resources = basis.settings, basis.resources
    return locations(
        basis.contracts,
        resources["landing_zone"],
        resources["object_store"],
        warehouse_database(settings),
        settings.report_folder,
        settings.catalogue_address,
        build_staged_in_parts if basis.is_on_workers else build_staged,
    )
