"""By when Dagster expects assets to be materialised, from what contracts promise.

Belongs here: the freshness policies, which say whether the pipeline has run in time. Does not:
whether a drop has come (`checks.delivery`): a day without a drop is materialised too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.contracts.model import SourceContract

ALLOWANCE = timedelta(hours=1)
"""From the time that a drop is promised by until what is made of it is there."""
_ROUND = timedelta(days=1)
"""Every day is materialised, with a drop or without one, by the daily schedule if by nothing else:
a deadline asks for it since the one before."""


def timely(
    assets: Iterable[dg.AssetsDefinition],
    contracts: Iterable[SourceContract],
    above: Collection[dg.AssetKey],
) -> list[dg.AssetsDefinition]:
    """The assets, each with its policy; `above` are those that are made of all sources.

    A source has none without a promised time, or if its history has an end: a policy has no end,
    and would fail for ever. What is made of all sources comes after the last of them.
    """
    delivering = [c for c in contracts if c.delivery.at is not None and c.history.end is None]
    policies = {
        asset_key(contract, layer): _policy([contract], ALLOWANCE)
        for contract in delivering
        for layer in LAYERS
    }
    if delivering:
        policies |= dict.fromkeys(above, _policy(delivering, 2 * ALLOWANCE))

    def expected(spec: dg.AssetSpec) -> dg.AssetSpec:
        policy = policies.get(spec.key)
        return spec.replace_attributes(freshness_policy=policy) if policy else spec

    return [
        asset if policies.keys().isdisjoint(asset.keys) else asset.map_asset_specs(expected)
        for asset in assets
    ]


def _policy(contracts: Iterable[SourceContract], after: timedelta) -> dg.FreshnessPolicy:
    """Once a day, so long after the last of the contracts' times."""
    promised = [contract.delivery.due(contract.history.start) for contract in contracts]
    deadline = max(moment.replace(year=2000, month=1, day=1) for moment in promised) + after
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{deadline.minute} {deadline.hour} * * *", lower_bound_delta=_ROUND
    )
