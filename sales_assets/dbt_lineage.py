"""Which columns the columns of the dbt models come from, read off their SQL.

Belongs here: following each column through a model's SELECT. Does not: compiling the models
(`dbt_manifest`), what the tables stand for in Dagster (`assets.marts`), or what is kept of it
(`dbt_specs`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot.lineage import Node

Origins = Mapping[str, Mapping[str, list[tuple[str, str]]]]
"""Model -> column -> the columns of other models and of sources, as (unique_id, column)."""
DIALECT = "duckdb"
"""That of the SQL that is followed."""
_log = logging.getLogger("sales_assets.dbt")


def column_origins(manifest: Mapping[str, Any], compiled: Mapping[str, str]) -> Origins:
    """Where each described column of each model comes from; `compiled` is the models' SQL.

    Constants and counts of rows come from no column. What sqlglot cannot follow has no lineage,
    and the log says so: a model may be right without it.
    """
    described = {
        unique_id: node
        for kind in ("nodes", "sources")
        for unique_id, node in manifest[kind].items()
        if node["resource_type"] in {"model", "source"}
    }
    tables = _Tables({_place(node): (id_, node["columns"]) for id_, node in described.items()})
    return {id_: _of_model(id_, described[id_], sql, tables) for id_, sql in compiled.items()}


def _place(node: Mapping[str, Any]) -> tuple[str, str]:
    """Schema and name of the table or view of a model or a source."""
    name = node.get("identifier") or node.get("alias") or node["name"]
    return node["schema"].lower(), name.lower()


class _Tables:
    """The tables of models and sources with their columns; names in any case are the same."""

    def __init__(self, tables: Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]]) -> None:
        self.schema: dict[str, dict[str, dict[str, str]]] = {}
        self._columns: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
        for (folder, name), (unique_id, columns) in tables.items():
            self._columns[folder, name] = {one.lower(): (unique_id, one) for one in columns}
            if columns:  # sqlglot refuses a table without any
                types = {one: said.get("data_type") or "unknown" for one, said in columns.items()}
                self.schema.setdefault(folder, {})[name] = types

    def column(self, folder: str, name: str, column: str) -> tuple[str, str] | None:
        """A column as (unique_id, its described name); None for one that nobody describes."""
        return self._columns.get((folder.lower(), name.lower()), {}).get(column.lower())


def _of_model(
    unique_id: str, node: Mapping[str, Any], sql: str, tables: _Tables
) -> dict[str, list[tuple[str, str]]]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    try:
        tree = parse_one(sql, dialect=DIALECT)
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)  # that of the database that it was compiled for
        nodes = lineage(None, tree, tables.schema, dialect=DIALECT)
        found = {name.lower(): sorted(set(_origins(of, tables))) for name, of in nodes.items()}
    except (SqlglotError, ValueError) as error:
        _log.warning("%s: the lineage of its columns is not known (%s)", unique_id, error)
        return {}
    columns: list[str] = list(node["columns"])
    if unknown := [name for name in columns if name.lower() not in found]:
        _log.warning("%s: the lineage of %s is not known", unique_id, ", ".join(unknown))
    return {name: found[name.lower()] for name in columns if name.lower() in found}


def _origins(node: Node, tables: _Tables) -> Iterator[tuple[str, str]]:
    """The columns of tables that a column is computed from."""
    from sqlglot import exp

    for one in node.walk():
        table = one.expression
        if isinstance(table, exp.Table) and not one.name.endswith("*"):  # of an unknown table
            column = tables.column(table.db, table.name, exp.to_column(one.name).name)
            if column is not None:
                yield column
