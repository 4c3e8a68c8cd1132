"""The sources of some contracts: their assets, checks and what starts their runs.

Belongs here: which definitions a source has. Does not: any of them, or whose sources a code
location holds (`build`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from sales_assets.assets.raw import build_raw
from sales_assets.assets.revenue import build_revenue
from sales_assets.assets.staged import build_staged
from sales_assets.assets.staged_in_parts import build_staged_in_parts
from sales_assets.automation.landing import build_landing_sensor
from sales_assets.automation.schedules import build_daily_schedule, build_delivery_schedule
from sales_assets.checks.delivery import build_delivery_checks
from sales_assets.checks.quality import build_quality_checks
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import UsageError
from sales_assets.healing.sight import source_target
from sales_assets.parts.basis import Basis, Content


def contracts_of(basis: Basis, team: str | None) -> tuple[SourceContract, ...]:
    """The contracts that name a team; raises UsageError, with the teams there are, for none."""
    found = tuple(contract for contract in basis.contracts if contract.team == team)
    if not found:
        teams = ", ".join(dict.fromkeys(contract.team for contract in basis.contracts))
        raise UsageError(
            f"SALES_ASSETS_TEAM={team}: no contract in {basis.settings.contracts_folder} names "
            f"this team; there are {teams}"
        )
    return found


def build_sources(
    basis: Basis, contracts: Sequence[SourceContract], along: Sequence[dg.AssetKey] = ()
) -> Content:
    """The sources of the contracts; `along` are assets that each of their days asks for too."""
    settings, partitions = basis.settings, basis.partitions
    elsewhere = [contract for contract in basis.contracts if contract not in contracts]
    return Content(
        assets=tuple(
            asset for contract in contracts for asset in _assets_of_source(basis, contract)
        ),
        checks=(
            *(
                build_delivery_checks(
                    contract, partitions.start.date(), basis.reading, basis.retries
                )
                for contract in contracts
            ),
            *(build_quality_checks(contract, basis.retries) for contract in contracts),
        ),
        sensors=(
            build_landing_sensor(contracts, partitions, settings.settle_seconds, along, elsewhere),
        ),
        schedules=(
            build_daily_schedule(contracts, along),
            *build_delivery_schedule(contracts),
        ),
        targets=tuple(source_target(contract, along) for contract in contracts),
    )


def _assets_of_source(basis: Basis, contract: SourceContract) -> list[dg.AssetsDefinition]:
    settings, partitions = basis.settings, basis.partitions
    return [
        build_raw(contract, partitions, basis.reading, basis.retries),
        build_staged_in_parts(
            contract,
            partitions,
            settings.chunk_days,
            settings.fan_out_lines,
            basis.reading,
            basis.retries,
        )
        if basis.is_on_workers
        else build_staged(contract, partitions, settings.chunk_days, basis.retries),
        build_revenue(contract, partitions, settings.chunk_days, basis.pool, basis.retries),
    ]
