"""The data dictionary: what each table and each column is, means and comes from.

Belongs here: its entries, put together of what the assets' specs say. Does not: the texts
(dbt_project, contracts), or how the dictionary is shown (`page`, `sqlite`, `csv_text`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import dagster as dg

from sales_assets.assets.columns import lineage_in
from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.exports.tables import Table
from sales_assets.exports.units import unit

Specs = Mapping[dg.AssetKey, dg.AssetSpec]


class Entry(NamedTuple):
    """A column of a table; without a column, the table itself."""

    table_name: str
    column_name: str
    data_type: str
    unit: str
    meaning: str
    rules: str
    comes_from: str
    source_columns: str


ENTRY_COLUMNS = {
    "table_name": "The table.",
    "column_name": "The column; empty where the entry is about the table itself.",
    "data_type": "Its type in the warehouse and in Parquet.",
    "unit": "What its numbers are counted in; empty for texts.",
    "meaning": "What it means.",
    "rules": "What holds for it in every row, and how that is tested.",
    "comes_from": "The columns that it is computed from, one step back.",
    "source_columns": "The columns of the sources' CSV files, and the exchange rates, that it "
    "comes from in the end.",
}
"""What the dictionary's own columns are."""


def entries(
    tables: Iterable[Table], specs: Specs, checks: Iterable[dg.AssetCheckSpec]
) -> list[Entry]:
    """The dictionary of some tables; `specs` are those of all assets that they come from."""
    tested: dict[dg.AssetKey, list[str]] = {}
    for check in checks:
        if check.description:
            tested.setdefault(check.asset_key, []).append(check.description)
    found: list[Entry] = []
    for table in tables:
        tests = [text for key in table.assets for text in tested.get(key, ())]
        columns = [_of_column(table, column, specs) for column in table.columns]
        found += [_of_table(table, columns, tests), *columns]
    return found


def _of_table(table: Table, columns: Sequence[Entry], tests: Sequence[str]) -> Entry:
    key = [f"One row for each {', '.join(table.keys)}."] if table.keys else []
    origins = (of.rpartition(".")[0] for one in columns for of in one.comes_from.split(", ") if of)
    return Entry(
        *(table.name, "", "table", "", table.description),
        rules=" ".join([*key, *(f"Tested: {text}" for text in tests)]),
        comes_from=", ".join(dict.fromkeys(origins)),
        source_columns="",
    )


def _of_column(table: Table, column: dg.TableColumn, specs: Specs) -> Entry:
    rules = [
        *(["part of the key"] if column.name in table.keys else []),
        *([] if column.constraints.nullable else ["never empty"]),
        *column.constraints.other,
    ]
    direct = [
        f"{_name(dep.asset_key)}.{dep.column_name}"
        for asset in table.assets
        for dep in _origins(specs, asset, column.name)
        if not _is_beginning(dep.asset_key)
    ]
    beginnings: dict[str, list[str]] = {}
    for asset in table.assets:
        for dep in _beginnings(specs, asset, column.name):
            names = beginnings.setdefault(_name(dep.asset_key), [])
            names += [dep.column_name] if dep.column_name not in names else []
    return Entry(
        table.name,
        column.name,
        column.type.lower(),
        unit(column.name),
        (column.description or "").strip(),
        ", ".join(rules),
        ", ".join(dict.fromkeys(direct)),
        "; ".join(f"{name}: {', '.join(names)}" for name, names in sorted(beginnings.items())),
    )


def _origins(specs: Specs, key: dg.AssetKey, column: str) -> Sequence[dg.TableColumnDep]:
    return lineage_in(specs[key].metadata).get(column, ())


def _beginnings(specs: Specs, key: dg.AssetKey, column: str) -> Iterator[dg.TableColumnDep]:
    for dep in _origins(specs, key, column):
        if _is_beginning(dep.asset_key):
            yield dep
        else:
            yield from _beginnings(specs, dep.asset_key, dep.column_name)


def _is_beginning(key: dg.AssetKey) -> bool:
    """Whether its columns are those of files and answers from outside."""
    return key.path[-1] == "raw" or key == EXCHANGE_RATES


def _name(key: dg.AssetKey) -> str:
    """A source by its contract, with the layer if it is not the CSV; any other table alone."""
    *folders, name = key.path
    if len(folders) < 2:
        return name
    return "/".join(folders if name == "raw" else key.path)
