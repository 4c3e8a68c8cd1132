"""Names of the assets of a source, and what all of its assets share.

Belongs here: asset keys, groups, owners and tags from the contract. Does not: what the assets do.
Keys are history: they do not change later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import dagster as dg

from sales_assets.contracts.model import SourceContract


def asset_key(contract: SourceContract, layer: str) -> dg.AssetKey:
    """`team/source/layer`, for the layers raw, staged, revenue and rejected."""
    return dg.AssetKey([contract.team, contract.source, layer])


EXCHANGE_RATES = dg.AssetKey(["rates", "exchange_rates"])
"""The rates that the marts convert sales at."""

FCT_SALES = dg.AssetKey(["core", "fct_sales"])
"""All sales, converted."""

BACKFILL = dg.BackfillPolicy.single_run()
"""A range of days is one run, so that a year costs little more than a day."""


class Shared(TypedDict):
    """What all assets of a source have in common."""

    group_name: str
    owners: list[str]
    tags: dict[str, str]
    metadata: dict[str, Any]
    partitions_def: dg.DailyPartitionsDefinition


def shared(
    contract: SourceContract,
    partitions: dg.DailyPartitionsDefinition,
    columns: Mapping[str, Any],
) -> Shared:
    """The attributes that every asset of the source has; `columns` is metadata of one's columns."""
    return Shared(
        group_name=contract.team,
        owners=[f"team:{contract.team}", *contract.owners],
        tags={
            "team": contract.team,
            "source": contract.source,
            "domain": contract.domain,
            **dict.fromkeys(contract.tags, ""),
        },
        metadata={
            "contract": dg.MetadataValue.path(str(contract.file)),
            "contract_version": contract.version,
            **columns,
        },
        partitions_def=partitions,
    )
