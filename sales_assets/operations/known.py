"""What the loaded code knows of an installation, and whose something is.

Belongs here: which assets, checks and sources there are, and the team of each, as everywhere: by
teams.yaml where there is one, else by the owner. Does not: how they stand (`gathering`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from sales_assets.contracts.model import SourceContract
from sales_assets.healing.sight import models_target, source_target

if TYPE_CHECKING:
    from datetime import date

    from sales_assets.healing.days import Target
    from sales_assets.platform.teams import Teams
    from sales_assets.settings import Settings


@dataclass(frozen=True)
class Known:
    """Assets, checks, contracts and what healing looks after; of all code locations.

    Days before `first_day` are no partitions, and owe nothing.
    """

    contracts: tuple[SourceContract, ...]
    assets: tuple[dg.AssetSpec, ...]
    checks: tuple[dg.AssetCheckSpec, ...]
    targets: tuple[Target, ...]
    first_day: date


def known_of(
    settings: Settings,
    contracts: Sequence[SourceContract],
    assets: Sequence[dg.AssetSpec],
    checks: Sequence[dg.AssetCheckSpec],
) -> Known:
    """From the settings and what all definitions say of themselves."""
    from sales_assets.build import partitions_of
    from sales_assets.dbt_manifest import read_specs

    models = read_specs(settings.dbt_prepared).assets
    return Known(
        contracts=tuple(contracts),
        assets=tuple(assets),
        checks=tuple(checks),
        targets=(
            *(source_target(contract) for contract in contracts),
            models_target(models, contracts, checks),
        ),
        first_day=partitions_of(settings, tuple(contracts)).start.date(),
    )


class Owners:
    """Whose assets, sources and problems are."""

    def __init__(self, known: Known, teams: Teams | None) -> None:
        from sales_assets.alerts.known_assets import KnownAssets

        self.assets = KnownAssets.of(known.assets, known.contracts)
        self._teams = teams
        self._of_targets = {target.name: target for target in known.targets}

    def of_asset(self, key: str) -> str | None:
        """The team of an asset, or of a source (`team/source`), by its key."""
        if self._teams is not None and (team := self._teams.team_of_key(key.partition("/")[0])):
            return team
        return self.assets.owner([key]).team

    def of_target(self, name: str, otherwise: str) -> str:
        """The team of what healing looks after."""
        target = self._of_targets.get(name)
        return (self.of_asset(target.keys[0].to_user_string()) if target else None) or otherwise

    def of_problem(self, assets: Iterable[str], told: str | None) -> str | None:
        """The team of a problem that is about some assets, or that names its team."""
        return next((team for key in assets if (team := self.of_asset(key))), told)
