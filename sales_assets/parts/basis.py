"""What every part is built from, and what it is made into.

Belongs here: these two shapes. Does not: any definition (`sources`, `shared`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import dagster as dg

from sales_assets.assets.mart_variables import Conversion
from sales_assets.contracts.model import SourceContract
from sales_assets.healing.days import Target
from sales_assets.healing.plan import Rules
from sales_assets.healing.retries import Retries
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings
from sales_assets.workers import STAGE, on_queue, warehouse_pool


@dataclass(frozen=True)
class Basis:
    """Settings, all contracts of the folder, and what follows from them for every part."""

    settings: Settings
    contracts: tuple[SourceContract, ...]
    partitions: dg.DailyPartitionsDefinition
    resources: Mapping[str, Any]

    @cached_property
    def conversion(self) -> Conversion:
        """What is converted: by all contracts, since the rates are those of all teams."""
        return Conversion.of(self.contracts, self.settings.reporting_currency)

    @property
    def is_on_workers(self) -> bool:
        """Whether steps are tasks of workers."""
        return self.settings.executor is ExecutorKind.CELERY

    @property
    def reading(self) -> Mapping[str, str]:
        """The tags of steps that read drops."""
        return on_queue(self.settings, STAGE)

    @property
    def retries(self) -> Retries:
        """How often steps are tried again."""
        return Retries(self.settings.step_retries, self.settings.step_retry_seconds)

    @property
    def healing(self) -> Rules:
        """How often a day may fail, and how long it is left to others."""
        settings = self.settings
        return Rules(settings.healing_attempts, settings.healing_patience_seconds)

    @property
    def pool(self) -> str | None:
        """The pool of the warehouse's writers."""
        return warehouse_pool(self.settings)


@dataclass(frozen=True)
class Content:
    """Definitions of a part, or of some of it."""

    assets: tuple[dg.AssetsDefinition, ...]
    checks: tuple[dg.AssetChecksDefinition, ...]
    sensors: tuple[dg.SensorDefinition, ...]
    schedules: tuple[dg.ScheduleDefinition, ...]
    above: frozenset[dg.AssetKey] = frozenset()
    """The assets that are made of all sources, and expected after the last of them."""
    read: tuple[dg.AssetSpec, ...] = ()
    """Assets of other code locations that these depend on."""
    targets: tuple[Target, ...] = ()
    """What healing looks after."""
    places: Mapping[dg.AssetKey, Mapping[str, Any]] = field(default_factory=dict)
    """Where the code of dbt models is."""

    def __add__(self, other: Self) -> Content:
        return Content(
            self.assets + other.assets,
            self.checks + other.checks,
            self.sensors + other.sensors,
            self.schedules + other.schedules,
            self.above | other.above,
            self.read + other.read,
            self.targets + other.targets,
            {**self.places, **other.places},
        )

    @property
    def keys(self) -> frozenset[dg.AssetKey]:
        """The assets that are made here."""
        return frozenset(key for asset in self.assets for key in asset.keys)

    @property
    def specs(self) -> dict[dg.AssetKey, dg.AssetSpec]:
        """The assets that are made here, by their keys."""
        return {spec.key: spec for asset in self.assets for spec in asset.specs}
