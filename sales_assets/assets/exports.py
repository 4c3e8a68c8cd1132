"""`reports/marts_sqlite`, `marts_parquet` and `data_dictionary`: the marts for people's own tools.

Belongs here: these assets, which one step makes, so that all are of one moment. Does not: what is
in the files (`exports`), or where they are kept (`resources.report_folder`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.assets import report
from sales_assets.assets.columns import copied_columns, described_columns
from sales_assets.assets.keys import FCT_SALES
from sales_assets.csv_text import write_csv
from sales_assets.exports.about import About
from sales_assets.exports.dictionary import ENTRY_COLUMNS, Entry, entries
from sales_assets.exports.page import render
from sales_assets.exports.sqlite import sqlite_columns, write_sqlite
from sales_assets.exports.tables import Table
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.resources.report_folder import (
    DICTIONARY,
    DICTIONARY_CSV,
    PARQUET,
    SQLITE,
    ReportFolder,
)
from sales_assets.resources.warehouse import Warehouse

MARTS = (*report.MARTS, "revenue_by_team")
"""Those of the report, and the one of all teams."""
MARTS_SQLITE = dg.AssetKey(["reports", "marts_sqlite"])
MARTS_PARQUET = dg.AssetKey(["reports", "marts_parquet"])
DATA_DICTIONARY = dg.AssetKey(["reports", "data_dictionary"])


def build_exports(
    marts: dg.AssetsDefinition,
    sources: Iterable[dg.AssetsDefinition],
    condition: dg.AutomationCondition[Any],
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The exports of the marts; `sources` are all assets that these come from."""
    specs = {spec.key: spec for asset in (*sources, marts) for spec in asset.specs}
    keys = [dg.AssetKey(["marts", name]) for name in MARTS]
    tables = [Table.of(specs[key]) for key in keys]
    rejected = [spec for key, spec in specs.items() if key.path[-1] == "rejected"]
    explained = [*tables, Table.of(specs[FCT_SALES]), Table.of(*rejected)]

    def spec(
        key: dg.AssetKey, description: str, kinds: set[str], columns: dict[str, Any]
    ) -> dg.AssetSpec:
        return dg.AssetSpec(
            key,
            deps=keys,
            description=description,
            group_name="reports",
            owners=["team:analytics"],
            kinds=kinds,
            automation_condition=condition,
            metadata=columns,
        )

    @dg.multi_asset(
        name="exports",
        specs=[
            spec(
                MARTS_SQLITE,
                "The marts as one SQLite file, with the data dictionary. Amounts are numbers that "
                "every tool adds up, and texts with all their digits.",
                {"sqlite"},
                copied_columns(
                    (table.assets[0], table.name, sqlite_columns(table)) for table in tables
                ),
            ),
            spec(
                MARTS_PARQUET,
                "The marts as Parquet, a file for each; amounts are exact decimals.",
                {"parquet"},
                copied_columns(
                    (table.assets[0], table.name, [(one, one.name) for one in table.columns])
                    for table in tables
                ),
            ),
            spec(
                DATA_DICTIONARY,
                "What every table and column of the marts means, is counted in and comes from: a "
                "page that needs no network, and a CSV.",
                {"html", "csv"},
                described_columns(ENTRY_COLUMNS),
            ),
        ],
    )
    @retries
    def exports(
        warehouse: Warehouse, report_folder: ReportFolder
    ) -> Iterator[dg.MaterializeResult[None]]:
        facts = About.of((specs[key] for key in keys), datetime.now(UTC)).facts
        dictionary = entries(explained, specs, marts.check_specs)
        with report_folder.replacing() as folder:
            (folder / PARQUET).mkdir()
            warehouse.unload([table.unload for table in tables], folder / PARQUET, facts)
            rows = write_sqlite(folder / SQLITE, tables, folder / PARQUET, dictionary, facts)
            _write_dictionary(folder, dictionary, facts)
        files = [Path(PARQUET) / f"{name}.parquet" for name in MARTS]
        yield _result(MARTS_SQLITE, report_folder, [Path(SQLITE)], rows)
        yield _result(MARTS_PARQUET, report_folder, files, rows)
        columns = {"columns": sum(1 for entry in dictionary if entry.column_name)}
        written = [Path(DICTIONARY), Path(DICTIONARY_CSV)]
        yield _result(DATA_DICTIONARY, report_folder, written, columns)

    return exports


def _write_dictionary(folder: Path, dictionary: Sequence[Entry], facts: dict[str, str]) -> None:
    page = render(dictionary, MARTS, facts)
    (folder / DICTIONARY).write_text(page, encoding="utf-8")
    # With the mark by which Excel knows UTF-8.
    with (folder / DICTIONARY_CSV).open("w", encoding="utf-8-sig", newline="") as stream:
        write_csv(stream, Entry._fields, dictionary)


def _result(
    key: dg.AssetKey, folder: ReportFolder, files: Sequence[Path], counted: dict[str, int]
) -> dg.MaterializeResult[None]:
    """Where the files are, how large they are, and how many rows are in what."""
    place = files[0].parent if len(files) > 2 else files[0]
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            "path": dg.MetadataValue.path(str(folder.folder / place)),
            "bytes": sum((folder.folder / file).stat().st_size for file in files),
            **{f"rows {name}": number for name, number in counted.items()},
        },
    )
