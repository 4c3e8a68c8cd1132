"""Where an asset's data are kept, and the code and the contract that make them.

Belongs here: this metadata of all assets. Does not: the tables of dbt models, which dagster-dbt
names, or the columns of assets (`columns`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.assets.costs import COSTS, build_costs
from sales_assets.assets.exchange_rates import build_exchange_rates
from sales_assets.assets.exports import (
    DATA_DICTIONARY,
    MARTS_PARQUET,
    MARTS_SQLITE,
    build_exports,
)
from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.assets.raw import build_raw
from sales_assets.assets.report import SALES_REPORT, build_report
from sales_assets.assets.revenue import build_revenue
from sales_assets.contracts.model import SourceContract
from sales_assets.dbt_specs import MODEL_FILE
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.report_folder import DICTIONARY, PAGE, PARQUET, SQLITE
from sales_assets.resources.staged_objects import ACCEPTED, day_prefix

URI = "dagster/uri"
TABLE_NAME = "dagster/table_name"
CODE = "dagster/code_references"
"""The names that Dagster knows."""

Metadata = Mapping[str, Any]


def located(
    assets: Iterable[dg.AssetsDefinition], metadata: Mapping[dg.AssetKey, Metadata]
) -> list[dg.AssetsDefinition]:
    """The assets, each with its metadata."""

    def told(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.merge_attributes(metadata=metadata.get(spec.key, {}))

    return [asset.map_asset_specs(told) for asset in assets]


def locations(
    contracts: Sequence[SourceContract],
    landing_zone: LandingZone,
    object_store: ObjectStore,
    database: str,
    reports: Path,
    ledger: str,
    staged_by: Callable[..., Any],
) -> dict[dg.AssetKey, Metadata]:
    """Asset -> where its data, its code and its contract are.

    `database` is the warehouse's, `reports` the folder of the reports, `ledger` the database
    of costs; `staged_by` makes the staged assets.
    """
    found: dict[dg.AssetKey, Metadata] = {
        EXCHANGE_RATES: {
            TABLE_NAME: f"{database}.main.exchange_rates",
            **_made_by(build_exchange_rates),
        },
        SALES_REPORT: {URI: str(reports / PAGE), **_made_by(build_report)},
        MARTS_SQLITE: {URI: str(reports / SQLITE), **_made_by(build_exports)},
        MARTS_PARQUET: {URI: str(reports / PARQUET), **_made_by(build_exports)},
        COSTS: {URI: ledger, **_made_by(build_costs)},
        DATA_DICTIONARY: {URI: str(reports / DICTIONARY), **_made_by(build_exports)},
    }
    for contract in contracts:
        staged = object_store.address(day_prefix(contract, ACCEPTED))
        of_layers: dict[str, tuple[Metadata, Callable[..., Any]]] = {
            "raw": ({URI: f"{landing_zone.address.rstrip('/')}/{contract.path}"}, build_raw),
            "staged": ({URI: staged}, staged_by),
            "revenue": ({TABLE_NAME: f"{database}.main.revenue"}, build_revenue),
            "rejected": ({TABLE_NAME: f"{database}.main.rejected"}, build_revenue),
        }
        for layer, (place, build) in of_layers.items():
            found[asset_key(contract, layer)] = {**place, **_made_by(build, contract.file)}
    return found


def model_locations(
    specs: Iterable[dg.AssetSpec], project_dir: Path
) -> dict[dg.AssetKey, Metadata]:
    """Model -> where its SQL is."""
    return {
        spec.key: _references([_file(project_dir / spec.metadata[MODEL_FILE], 1)])
        for spec in specs
        if MODEL_FILE in spec.metadata
    }


def _made_by(build: Callable[..., Any], contract: Path | None = None) -> dict[str, Any]:
    code = build.__code__
    references = [_file(Path(code.co_filename), code.co_firstlineno)]
    return _references(references + ([_file(contract, 1)] if contract else []))


def _file(path: Path, line: int) -> dg.LocalFileCodeReference:
    return dg.LocalFileCodeReference(file_path=str(path), line_number=line, label=path.name)


def _references(files: Sequence[dg.LocalFileCodeReference]) -> dict[str, Any]:
    return {CODE: dg.CodeReferencesMetadataValue(code_references=list(files))}
