"""What the columns of a source's assets are, and which columns each of them comes from.

Belongs here: column schemas and column lineage, made of the contract and the canonical columns.
Does not: the columns of dbt models (`dbt_lineage`), or other metadata of assets (`keys`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import dagster as dg
from dagster_shared.record import replace

from sales_assets.assets.keys import asset_key
from sales_assets.contracts.canonical import (
    REJECTED_COLUMNS,
    REVENUE_COLUMNS,
    CanonicalColumn,
)
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.keys import LINE_KEY
from sales_assets.contracts.model import Column, SourceContract
from sales_assets.contracts.model import Mapping as ColumnMapping
from sales_assets.contracts.pseudonyms import is_pseudonym
from sales_assets.dbt_specs import COLUMN_LINEAGE
from sales_assets.resources.warehouse_tables import (
    EXCHANGE_RATE_COLUMNS,
    LINE_KEY_COLUMNS,
    RATE_DAY_COLUMNS,
    TABLES,
)

COLUMN_SCHEMA = "dagster/column_schema"
"""The name that Dagster knows."""
_HEAD = ("| column | comes from |", "| --- | --- |")
_OF_KEYS = (LINE_KEY, "text")
"""What is staged besides, where keys are unique across days."""
_TYPES = dict((*TABLES["revenue"], *TABLES["rejected"]))
Lineage = Mapping[str, Sequence[dg.TableColumnDep]]
"""Column -> the columns that it comes from; none for those that the pipeline writes itself."""


def raw_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the raw asset: the columns of the CSV, by the names that its header has.

    The columns of files that lines refer to are called `reference.column`.
    """
    alone = {key[0] for key in contract.keys if len(key) == 1}
    columns = [
        _described(_header(column), column, _rules(column), unique=column.name in alone)
        for column in contract.columns
    ]
    for reference in contract.references:
        named = zip(reference.qualified, reference.columns, strict=True)
        columns += [
            _described(name, column, _rules(column), unique=column.name == reference.key)
            for name, column in named
        ]
    return _metadata(columns, {})


def staged_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the staged asset: the canonical columns, and what else the CSV has."""
    columns = _mapped(contract)
    columns += [_described(column.name, column) for column in contract.extra_columns]
    sources = {mapping.name: mapping.sources for mapping in contract.mappings}
    sources |= {column.name: (column.name,) for column in contract.extra_columns}
    sources |= _day(contract)
    if contract.across_days:
        said = {name: (sql_type, text) for name, sql_type, text in LINE_KEY_COLUMNS}
        columns += [dg.TableColumn(name, said[name][0], said[name][1]) for name in _OF_KEYS]
        sources |= {LINE_KEY: contract.keys[0], "text": _all(contract)}
    return _metadata(columns, _of_raw(contract, sources))


def revenue_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the revenue asset: the canonical columns, each as it was staged."""
    staged = asset_key(contract, "staged")
    columns = _mapped(contract)
    return _metadata(columns, {c.name: [dg.TableColumnDep(staged, c.name)] for c in columns})


def rejected_columns(contract: SourceContract) -> dict[str, Any]:
    """Metadata of the rejected asset; `text` holds, and `reasons` are about, all of the CSV's."""
    columns = [_canonical(column) for column in REJECTED_COLUMNS]
    sources = dict.fromkeys(("text", "reasons"), _all(contract)) | _day(contract)
    return _metadata(columns, _of_raw(contract, sources))


def rate_columns() -> dict[str, Any]:
    """Metadata of the exchange rates: the columns of the table, and of the days asked for."""
    columns = [dg.TableColumn(name, of, text) for name, of, text in EXCHANGE_RATE_COLUMNS]
    columns += [
        dg.TableColumn(name, of, f"In the table rate_days: {text}")
        for name, of, text in RATE_DAY_COLUMNS
    ]
    return _metadata(columns, {})


def copied_columns(
    tables: Iterable[tuple[dg.AssetKey, str, Iterable[tuple[dg.TableColumn, str]]]],
) -> dict[str, Any]:
    """Metadata of a copy of tables: its columns, called `table.column`.

    Of each table the asset, the name, and the columns with the asset's own that they hold.
    """
    columns, lineage = [], {}
    for asset, table, of in tables:
        for column, origin in of:
            name = f"{table}.{column.name}"
            columns.append(replace(column, name=name))
            lineage[name] = [dg.TableColumnDep(asset, origin)]
    return _metadata(columns, lineage)


def described_columns(columns: Mapping[str, str]) -> dict[str, Any]:
    """Metadata of a table of texts whose columns mean this."""
    return _metadata([dg.TableColumn(name, "text", text) for name, text in columns.items()], {})


def lineage_metadata(lineage: Lineage) -> dict[str, Any]:
    """Lineage for Dagster and, since its UI draws assets but not their columns, for people."""
    rows = [f"| `{name}` | {', '.join(map(_link, of))} |" for name, of in lineage.items() if of]
    if not rows:
        return {}
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
    column = dep.column_name.replace("|", "\\|")  # which else ends the table's cell
    return f"[{dep.asset_key.to_user_string()}](/assets/{path}): `` {column} ``"


def _metadata(columns: Sequence[dg.TableColumn], lineage: Lineage) -> dict[str, Any]:
    schema = dg.MetadataValue.table_schema(dg.TableSchema(columns=list(columns)))
    return {COLUMN_SCHEMA: schema, **lineage_metadata(lineage)}


def _of_raw(contract: SourceContract, sources: Mapping[str, Sequence[str]]) -> Lineage:
    """The columns of the CSV that the contract's names stand for; a reference's keep theirs."""
    raw = asset_key(contract, "raw")
    headers = {column.name: _header(column) for column in contract.columns}
    return {
        name: [dg.TableColumnDep(raw, headers.get(source, source)) for source in of]
        for name, of in sources.items()
    }


def _all(contract: SourceContract) -> tuple[str, ...]:
    return tuple(column.name for column in contract.columns)


def _day(contract: SourceContract) -> dict[str, tuple[str, ...]]:
    """Where a line's day comes from, if not from the file's name."""
    day = contract.day
    return {"partition_date": (day.column,)} if isinstance(day, DayFromColumn) else {}


def _header(column: Column) -> str:
    return column.header or "(no name)"


def _mapped(contract: SourceContract) -> list[dg.TableColumn]:
    """The canonical columns, with what the contract says of its own."""
    said = {mapping.name: _said(contract, mapping) for mapping in contract.mappings}
    return [_canonical(column, said.get(column.name, "")) for column in REVENUE_COLUMNS]


def _said(contract: SourceContract, mapping: ColumnMapping) -> str:
    """How a column comes about; an expression over personal values may name some."""
    if is_pseudonym(contract, mapping):
        how = f"A pseudonym of {', '.join(mapping.sources)}."
    else:
        how = "" if mapping.direct else f"Computed as `` {mapping.expression} ``."
    return " ".join(filter(None, [mapping.description, how]))


def _canonical(column: CanonicalColumn, said: str = "") -> dg.TableColumn:
    return dg.TableColumn(
        column.name,
        _TYPES[column.name],
        description=f"{column.description} {said}".rstrip(),
        constraints=dg.TableColumnConstraints(nullable=not column.required),
    )


def _described(
    name: str, column: Column, rules: Iterable[str] = (), *, unique: bool = False
) -> dg.TableColumn:
    return dg.TableColumn(
        name,
        column.sql_type,
        description=column.description,
        constraints=dg.TableColumnConstraints(
            nullable=not column.required, unique=unique, other=list(rules)
        ),
        tags={"classification": column.classification} if column.classification else None,
    )


def _rules(column: Column) -> Iterable[str]:
    """What a text has to fulfil, as the contract says it; personal values are not listed."""
    if column.formats:
        yield f"format {' or '.join(column.formats)}"
    if column.enum:
        yield "one of a list" if column.is_personal else f"one of {', '.join(column.enum)}"
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
