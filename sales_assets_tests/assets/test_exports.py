"""The exports: every number of the marts, at one moment, or the files of before."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from sales_assets.assets import report
from sales_assets.assets.exports import MARTS
from sales_assets.errors import UsageError
from sales_assets.resources.build import build_warehouse
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.report_folder import ReportFolder
from sales_assets.resources.warehouse import Warehouse
from sales_assets_tests.harness import SAMPLE, Installation

pytestmark = pytest.mark.long

KEYS = [
    dg.AssetKey(["reports", name]) for name in ("marts_sqlite", "marts_parquet", "data_dictionary")
]
FILES = [
    "data_dictionary.csv",
    "data_dictionary.html",
    "marts.sqlite",
    *sorted(f"parquet/{name}.parquet" for name in MARTS),
]
MONEY = ("gross_revenue", "returned_revenue", "net_revenue", "reporting_net_revenue")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two weeks of both sources of the sample; one has returns, and six currencies."""
    with Installation(tmp_path_factory.mktemp("exported") / "home") as made:
        made.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
        made.land("global_sales", SAMPLE / "global_sales.csv.gz")
        made.materialize("2015-01-01", "2015-01-14", ["pizzaplace"])
        made.materialize("2021-01-01", "2021-01-14", ["global_sales"], reports=True)
        yield made


@pytest.fixture(scope="module")
def folder(sample: Installation) -> Path:
    return sample.settings.report_folder


@pytest.fixture(scope="module")
def file(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "marts.sqlite")) as connection:
        yield connection


def recorded(made: Installation, key: dg.AssetKey) -> Mapping[str, Any]:
    event = made.instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    return {name: of.value for name, of in event.asset_materialization.metadata.items()}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("mart", report.MARTS)
def test_sums_of_the_sqlite_file_are_those_of_the_mart_to_the_last_digit(
    sample: Installation, file: sqlite3.Connection, mart: str
) -> None:
    sums = ", ".join(f"sum({name})" for name in MONEY)
    expected = sample.query(f"SELECT currency, {sums} FROM {mart} GROUP BY 1 ORDER BY 1")
    assert len(expected) >= 6
    exact = ", ".join(f"{name}_exact" for name in MONEY)
    found: dict[str, list[Decimal]] = {}
    for currency, *texts in file.execute(f"SELECT currency, {exact} FROM {mart}"):
        total = found.setdefault(currency, [Decimal(0)] * len(MONEY))
        found[currency] = [of + Decimal(text) for of, text in zip(total, texts, strict=True)]
    assert [(currency, *found[currency]) for currency in sorted(found)] == expected
    rounded = ", ".join(f"round(sum({name}), 4)" for name in MONEY[:3])
    numbers = file.execute(f"SELECT currency, {rounded} FROM {mart} GROUP BY 1 ORDER BY 1")
    assert [[Decimal(f"{of:.4f}") for of in row[1:]] for row in numbers] == [
        list(row[1:4]) for row in expected
    ]


@pytest.mark.parametrize("mart", MARTS)
def test_parquet_holds_the_mart_s_rows_and_types(
    sample: Installation, folder: Path, mart: str
) -> None:
    expected = sorted(sample.query(f"SELECT * FROM {mart}"), key=repr)
    with duckdb.connect() as engine:
        found = engine.sql(f"SELECT * FROM '{folder}/parquet/{mart}.parquet'")
        types = dict(zip(found.columns, map(str, found.types), strict=True))
        names = [
            name
            for (name,) in sample.query(
                f"SELECT column_name FROM information_schema.columns WHERE table_name = '{mart}' "
                "ORDER BY ordinal_position"
            )
        ]
        assert sorted(found.select(*names).fetchall(), key=repr) == expected
    assert types.get("net_revenue", "DECIMAL(38,4)") == "DECIMAL(38,4)"
    assert types["reporting_net_revenue"] == "DECIMAL(38,10)"
    assert {name: of for name, of in types.items() if name.endswith("_date")} == dict.fromkeys(
        (name for name in types if name.endswith("_date")), "DATE"
    )


def test_teams_add_up_to_the_revenue_of_all_sources_in_the_reporting_currency(
    sample: Installation, file: sqlite3.Connection
) -> None:
    statement = "SELECT {} AS team, sum(reporting_net_revenue) FROM {} GROUP BY 1 ORDER BY 1"
    expected = sample.query(statement.format("split_part(source, '/', 1)", "daily_revenue"))
    assert sample.query(statement.format("team", "revenue_by_team")) == expected
    assert [team for team, _ in expected] == ["global", "retail"]
    teams = file.execute("SELECT DISTINCT team FROM revenue_by_team ORDER BY 1").fetchall()
    assert teams == [("global",), ("retail",)]


def test_all_are_of_one_moment_and_say_so(file: sqlite3.Connection, folder: Path) -> None:
    about = dict(file.execute("SELECT name, value FROM about").fetchall())
    assert (about["first_order_date"], about["last_order_date"]) == ("2015-01-01", "2021-01-14")
    assert about["made_at"] in (folder / "data_dictionary.html").read_text()
    with duckdb.connect() as engine:
        told = engine.execute(
            "SELECT DISTINCT decode(value) FROM parquet_kv_metadata(?) WHERE key = 'made_at'",
            [f"{folder}/parquet/*.parquet"],
        ).fetchall()
    assert told == [(about["made_at"],)]


def test_every_column_of_the_sqlite_file_is_in_its_dictionary(file: sqlite3.Connection) -> None:
    explained = set(
        file.execute("SELECT table_name, column_name FROM data_dictionary WHERE meaning <> ''")
    )
    there = {
        (mart, name)
        for mart in MARTS
        for (name,) in file.execute("SELECT name FROM pragma_table_info(?)", [mart])
    }
    assert len(there) > 80
    assert there <= explained


def test_the_dictionary_is_a_csv_too(file: sqlite3.Connection, folder: Path) -> None:
    with (folder / "data_dictionary.csv").open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    names = [
        name for (name,) in file.execute("SELECT name FROM pragma_table_info('data_dictionary')")
    ]
    assert header == names
    assert {tuple(row) for row in rows} < set(file.execute("SELECT * FROM data_dictionary"))


def test_what_was_written_is_recorded(sample: Installation, folder: Path) -> None:
    database, parquet, dictionary = (recorded(sample, key) for key in KEYS)
    rows = {f"rows {mart}": len(sample.query(f"SELECT 1 FROM {mart}")) for mart in MARTS}
    size = (folder / "marts.sqlite").stat().st_size
    assert database == {"path": str(folder / "marts.sqlite"), "bytes": size, **rows}
    assert parquet["path"] == str(folder / "parquet")
    assert {name: of for name, of in parquet.items() if name.startswith("rows")} == rows
    assert dictionary["path"] == str(folder / "data_dictionary.html")


def test_the_files_are_there_and_nothing_else(folder: Path) -> None:
    assert files(folder) == sorted([*FILES, "operations.html", "sales_report.html"])


def test_an_export_that_fails_leaves_all_files_as_they_were(
    sample: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: (folder / name).read_bytes() for name in FILES}

    def fail(*_: object) -> str:
        raise OSError("no space left on device")

    monkeypatch.setattr("sales_assets.assets.exports.render", fail)
    with pytest.raises(OSError, match="no space left"):
        export(sample, build_warehouse(sample.settings), folder)
    assert {name: (folder / name).read_bytes() for name in FILES} == before
    assert files(folder) == sorted([*FILES, "operations.html", "sales_report.html"])


def test_marts_that_are_not_made_yet_are_named(sample: Installation, tmp_path: Path) -> None:
    empty = DuckDBWarehouse(path=str(tmp_path / "empty.duckdb"))
    with pytest.raises(UsageError, match=r"no table daily_revenue yet.*materialize --missing"):
        export(sample, empty, tmp_path / "report")


def test_exporting_imports_no_pandas_and_no_pyarrow(sample: Installation, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sales_assets_tests.assets.test_exports import export\n"
        "from sales_assets_tests.harness import Installation\n"
        "from sales_assets.resources.build import build_warehouse\n"
        "made = Installation(Path(sys.argv[1]))\n"
        "made.reload()\n"
        "export(made, build_warehouse(made.settings), Path(sys.argv[2]))\n"
        "print(*{'pandas', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(sample.settings.home), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
    assert files(tmp_path) == FILES


def export(made: Installation, warehouse: Warehouse, folder: Path) -> None:
    """Materialise the exports alone."""
    [exports] = [
        one for one in made.definitions.assets or () if KEYS[0] in getattr(one, "keys", ())
    ]
    assert isinstance(exports, dg.AssetsDefinition)
    resources = {"warehouse": warehouse, "report_folder": ReportFolder(path=str(folder))}
    dg.materialize([exports], resources=resources)
