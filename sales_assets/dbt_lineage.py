"""Which columns the columns of the dbt models come from, read off their SQL.

Belongs here: compiling the models and following each column through its SELECT. Does not: what
the tables stand for in Dagster (`assets.marts`), or what is kept of it (`dbt_specs`).

Imported where the project is prepared only: it needs dbt, and sqlglot's optimizer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sales_assets.dbt_manifest import DbtLocation, DbtProjectError

if TYPE_CHECKING:
    from sqlglot.lineage import Node

Origins = Mapping[str, Mapping[str, list[tuple[str, str]]]]
"""Model -> column -> the columns of other models and of sources, as (unique_id, column)."""

_DIALECT = "duckdb"
_log = logging.getLogger("sales_assets.dbt")


def compiled_models(location: DbtLocation, schema: str, scratch: Path) -> dict[str, str]:
    """The SQL of each model by its unique_id, as it builds a table for the first time.

    Compiled for DuckDB in memory, whatever the target is: models of both warehouses read the same
    columns. `schema` is the target's. Call it within `dbt_process`. Raises DbtProjectError.
    """
    from dbt.cli.main import dbtRunner

    project = yaml.safe_load((location.project_dir / "dbt_project.yml").read_text())
    memory = {"type": _DIALECT, "path": ":memory:", "schema": schema}
    profile = {"target": "memory", "outputs": {"memory": memory}}
    (scratch / "profiles.yml").write_text(yaml.safe_dump({project["profile"]: profile}))
    on_memory = replace(location, profiles_dir=scratch, target="memory")
    result = dbtRunner().invoke(["compile", *on_memory.arguments(scratch)])
    if not result.success:
        raise DbtProjectError(
            f"dbt cannot compile {location.project_dir}: {result.exception or result.result}"
        )
    nodes: list[Any] = [one.node for one in result.result.results]  # type: ignore[union-attr]
    return {node.unique_id: node.compiled_code for node in nodes if node.resource_type == "model"}


def column_origins(manifest: Mapping[str, Any], compiled: Mapping[str, str]) -> Origins:
    """Where each described column of each model comes from.

    Constants and counts of rows come from no column. A model whose SQL sqlglot cannot follow has
    no lineage.
    """
    described = {
        unique_id: node
        for kind in ("nodes", "sources")
        for unique_id, node in manifest[kind].items()
        if node["resource_type"] in {"model", "source"}
    }
    relations = {_place(node): unique_id for unique_id, node in described.items()}
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (folder, name), unique_id in relations.items():
        schema.setdefault(folder, {})[name] = {
            column["name"]: column.get("data_type") or "unknown"
            for column in described[unique_id]["columns"].values()
        }
    return {
        unique_id: _of_model(
            unique_id, sql, list(described[unique_id]["columns"]), schema, relations
        )
        for unique_id, sql in compiled.items()
    }


def _place(node: Mapping[str, Any]) -> tuple[str, str]:
    """Schema and name of the table or view of a model or a source."""
    name = node.get("identifier") or node.get("alias") or node["name"]
    return node["schema"].lower(), name.lower()


def _of_model(
    unique_id: str,
    sql: str,
    columns: Sequence[str],
    schema: dict[str, dict[str, dict[str, str]]],
    relations: Mapping[tuple[str, str], str],
) -> dict[str, list[tuple[str, str]]]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    try:
        tree = parse_one(sql, dialect=_DIALECT)
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)  # that of the database in memory
        found = lineage(None, tree, schema, dialect=_DIALECT)
    except SqlglotError as error:
        _log.warning("%s: the lineage of its columns is not known (%s)", unique_id, error)
        return {}
    return {
        column: sorted(set(_leaves(found[column], relations)))
        for column in columns
        if column in found
    }


def _leaves(node: Node, relations: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """The columns of tables that a column is computed from."""
    from sqlglot import exp

    for one in node.walk():
        table = one.expression
        if isinstance(table, exp.Table) and (table.db.lower(), table.name.lower()) in relations:
            yield relations[table.db.lower(), table.name.lower()], exp.to_column(one.name).name
