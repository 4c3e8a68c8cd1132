"""What the columns of a source's assets are, and which columns each of them comes from.

Belongs here: column schemas and column lineage, made of the contract and the canonical columns.
Does not: the columns of dbt models (`dbt_lineage`), or other metadata of assets (`keys`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.contracts.canonical import (
    REJECTED_COLUMNS,
    REVENUE_COLUMNS,
    CanonicalColumn,
)
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.model import Column, SourceContract
from sales_assets.contracts.model import Mapping as ColumnMapping
from sales_assets.resources.warehouse_tables import EXCHANGE_RATE_COLUMNS, RATE_DAY_COLUMNS

COLUMN_SCHEMA = "dagster/column_schema"
COLUMN_LINEAGE = "dagster/column_lineage"
"""The names that Dagster knows."""
_HEAD = ("| column | comes from |", "| --- | --- |")
Lineage = Mapping[str, Sequence[dg.TableColumnDep]]
"""Column -> the columns that it comes from; none for those that the pipeline writes itself."""


def raw_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the raw asset: the columns of the CSV, by the names that its header has.

    The columns of files that lines refer to are called `reference.column`.
    """
    columns = [_described(column.header, column) for column in contract.columns]
    for reference in contract.references:
        named = zip(reference.qualified, reference.columns, strict=True)
        columns += [_described(name, column) for name, column in named]
    return _metadata(columns, {})


def staged_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the staged asset: the canonical columns, and what else the CSV has."""
    columns = _mapped(contract)
    columns += [_described(column.name, column) for column in contract.extra_columns]
    raw = asset_key(contract, "raw")
    headers = {column.name: column.header for column in contract.columns}
    sources = {mapping.name: mapping.sources for mapping in contract.mappings}
    sources |= {column.name: (column.name,) for column in contract.extra_columns}
    if isinstance(contract.day, DayFromColumn):
        sources["partition_date"] = (contract.day.column,)
    # A column of a reference keeps its own name.
    lineage = {
        name: [dg.TableColumnDep(raw, headers.get(source, source)) for source in of]
        for name, of in sources.items()
    }
    return _metadata(columns, lineage)


def revenue_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the revenue asset: the canonical columns, each as it was staged."""
    columns = _mapped(contract)
    return _metadata(columns, _same(asset_key(contract, "staged"), columns))


def rejected_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the rejected asset; `text` holds, and `reasons` are about, all of the CSV's."""
    columns = [_canonical(column) for column in REJECTED_COLUMNS]
    raw = asset_key(contract, "raw")
    everything = [dg.TableColumnDep(raw, column.header) for column in contract.columns]
    return _metadata(columns, {"text": everything, "reasons": everything})


def rate_columns() -> dict[str, Any]:
    """Metadata of the exchange rates: the columns of the two tables in the warehouse."""
    tables = (*EXCHANGE_RATE_COLUMNS, *RATE_DAY_COLUMNS)
    return _metadata([dg.TableColumn(name, of, description=text) for name, of, text in tables], {})


def _metadata(columns: Sequence[dg.TableColumn], lineage: Lineage) -> dict[str, Any]:
    schema = dg.MetadataValue.table_schema(dg.TableSchema(columns=list(columns)))
    return {COLUMN_SCHEMA: schema, **lineage_metadata(lineage)}


def lineage_metadata(lineage: Lineage) -> dict[str, Any]:
    """Lineage for Dagster and, since its UI draws assets but not their columns, for people."""
    if not lineage:
        return {}
    rows = [f"| {name} | {', '.join(map(_link, deps))} |" for name, deps in lineage.items() if deps]
    return {
        COLUMN_LINEAGE: dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage)),
        "column_origins": dg.MetadataValue.md("\n".join([*_HEAD, *rows])),
    }


def lineage_in(metadata: Mapping[str, Any]) -> Lineage:
    """The lineage that an asset's metadata has."""
    told = metadata.get(COLUMN_LINEAGE)
    lineage = told.value if isinstance(told, dg.MetadataValue) else told
    return lineage.deps_by_column if isinstance(lineage, dg.TableColumnLineage) else {}


def _link(dep: dg.TableColumnDep) -> str:
    path = "/".join(quote(part, safe="") for part in dep.asset_key.path)
    return f"[{dep.asset_key.to_user_string()}](/assets/{path}): {dep.column_name}"


def _same(of: dg.AssetKey, columns: Iterable[dg.TableColumn]) -> Lineage:
    return {column.name: [dg.TableColumnDep(of, column.name)] for column in columns}


def _mapped(contract: SourceContract) -> list[dg.TableColumn]:
    """The canonical columns, with what the contract says of its own."""
    said = {mapping.name: _said(mapping) for mapping in contract.mappings}
    return [_canonical(column, said.get(column.name, "")) for column in REVENUE_COLUMNS]


def _said(mapping: ColumnMapping) -> str:
    computed = "" if mapping.direct else f"Computed as `{mapping.expression}`."
    return " ".join(filter(None, [mapping.description, computed]))


def _canonical(column: CanonicalColumn, said: str = "") -> dg.TableColumn:
    return dg.TableColumn(
        column.name,
        "VARCHAR[]" if column.name == "reasons" else column.sql_type,
        description=f"{column.description} {said}".rstrip(),
        constraints=dg.TableColumnConstraints(nullable=not column.required),
    )


def _described(name: str, column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        name,
        column.sql_type,
        description=column.description,
        constraints=dg.TableColumnConstraints(
            nullable=not column.required, other=list(_rules(column))
        ),
        tags={"classification": column.classification} if column.classification else None,
    )


def _rules(column: Column) -> Iterable[str]:
    """What a value has to fulfil, as the contract says it."""
    if column.formats:
        yield f"format {' or '.join(column.formats)}"
    if column.enum:
        yield f"one of {', '.join(column.enum)}"
    bounds = {
        ">=": column.minimum,
        ">": column.exclusive_minimum,
        "<=": column.maximum,
        "<": column.exclusive_maximum,
    }
    yield from (f"{sign} {bound}" for sign, bound in bounds.items() if bound is not None)
    if column.pattern is not None:
        yield f"matches {column.pattern}"
    if column.min_length is not None:
        yield f"at least {column.min_length} characters"
    if column.max_length is not None:
        yield f"at most {column.max_length} characters"
