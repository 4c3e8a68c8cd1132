"""What dagster-dbt makes of the dbt project: names of assets, and their specs.

Belongs here: the translator, and the specs that dagster-dbt's own decorator makes with it. Does
not: keeping them (`dbt_specs`), what the warehouse's tables stand for (`assets.marts`), or running
dbt (`resources.dbt`).

Imported where the project is prepared and where dbt runs, but not by definitions: dagster-dbt
imports dbt, which takes longer than everything else that a code location loads.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    dbt_assets,
    group_from_dbt_resource_props_fallback_to_directory,
)
from dagster_dbt.asset_utils import (
    DAGSTER_DBT_MANIFEST_METADATA_KEY,
    DAGSTER_DBT_TRANSLATOR_METADATA_KEY,
    DAGSTER_DBT_UNIQUE_ID_METADATA_KEY,
    get_asset_check_key_for_test,
)
from dagster_shared.record import replace

from sales_assets.assets.columns import COLUMN_SCHEMA
from sales_assets.checks.models import expectation
from sales_assets.dbt_lineage import Origins
from sales_assets.dbt_specs import COLUMN_LINEAGE, GRAIN, MODEL_FILE, WAREHOUSE, DbtSpecs
from sales_assets.errors import PermanentError

NO_ASSETS = "fqn:metrics"
"""The folder whose models are there for metrics alone: a plain `dbt build` makes them, no run."""
_OBJECTS = {DAGSTER_DBT_MANIFEST_METADATA_KEY, DAGSTER_DBT_TRANSLATOR_METADATA_KEY}


class HomelessTestError(PermanentError):
    """A dbt test that belongs to no model, so that its result could be shown nowhere."""


class MartsTranslator(DagsterDbtTranslator):
    """Names dbt models by their folder: `models/marts/daily_revenue.sql` is `marts/daily_revenue`.

    A source is named as dagster-dbt does: by itself, or by `meta: {dagster: {asset_key: [...]}}`.
    """

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`folder/model`."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey(dbt_resource_props["fqn"][1:])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The group stated in dbt, or the folder."""
        return group_from_dbt_resource_props_fallback_to_directory(dbt_resource_props)


def translate(manifest: Mapping[str, Any], column_origins: Origins) -> DbtSpecs:
    """The specs of all models and tests, with column lineage; raises HomelessTestError."""
    translator = MartsTranslator()
    _refuse_homeless_tests(manifest, translator)
    of_models = _of_models(manifest, translator, column_origins)

    @dbt_assets(manifest=manifest, exclude=NO_ASSETS, dagster_dbt_translator=translator)
    def models() -> Iterator[Any]:
        yield from ()

    return DbtSpecs(
        [
            spec.replace_attributes(
                metadata={
                    **{k: v for k, v in spec.metadata.items() if k not in _OBJECTS},
                    **of_models.get(spec.key, {}),
                }
            )
            for spec in models.specs
        ],
        [_described(check, manifest) for check in models.check_specs],
    )


def _described(check: dg.AssetCheckSpec, manifest: Mapping[str, Any]) -> dg.AssetCheckSpec:
    """A test with what the project says of it, which dagster-dbt leaves out."""
    test = manifest["nodes"][(check.metadata or {})[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY]]
    return replace(check, description=expectation(test))


def _of_models(
    manifest: Mapping[str, Any], translator: MartsTranslator, column_origins: Origins
) -> dict[dg.AssetKey, dict[str, Any]]:
    """Metadata of each model: its file, and which columns of assets its columns come from."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    keys = {
        unique_id: translator.get_asset_key(node)
        for unique_id, node in nodes.items()
        if node["resource_type"] in {"model", "source"}
    }
    grains = {
        node["attached_node"]: node["test_metadata"]["kwargs"]["key"]
        for node in manifest["nodes"].values()
        if "key" in node.get("test_metadata", {}).get("kwargs", {})
    }
    found: dict[dg.AssetKey, dict[str, Any]] = {}
    for unique_id, key in keys.items():
        if nodes[unique_id]["resource_type"] == "source":
            continue
        found[key] = {
            MODEL_FILE: nodes[unique_id]["original_file_path"],
            COLUMN_SCHEMA: _schema(nodes[unique_id]),
            **({GRAIN: ", ".join(grains[unique_id])} if unique_id in grains else {}),
        }
        if columns := column_origins.get(unique_id):
            lineage = {
                name: [dg.TableColumnDep(keys[origin], column) for origin, column in of]
                for name, of in columns.items()
            }
            found[key][COLUMN_LINEAGE] = dg.TableColumnLineage(lineage)
    return found


def _schema(model: Mapping[str, Any]) -> dg.TableSchema:
    """A model's columns, with the constraints that dagster-dbt leaves out."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                told["data_type"] or "?",
                description=told["description"],
                tags=dict.fromkeys(told["tags"], ""),
                constraints=dg.TableColumnConstraints(
                    nullable="not_null" not in {one["type"] for one in told["constraints"]}
                ),
            )
            for name, told in model["columns"].items()
        ]
    )


def _refuse_homeless_tests(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> None:
    """Refuse tests that dagster-dbt cannot tie to one model: they would run unseen, or never."""
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "test":
            continue
        key = get_asset_check_key_for_test(manifest, translator, unique_id, project=None)
        if key is None or key.asset_key.path[0] == WAREHOUSE:
            raise HomelessTestError(
                f"The dbt test {node['name']} ({node['original_file_path']}) belongs to no model."
                " Test the staging model instead of its source, or name the model whose check this"
                " is: config: {meta: {dagster: {ref: {name: <model>}}}}."
            )
