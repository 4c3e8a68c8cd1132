"""dbt in process: what is built, what Dagster is told, and what is left behind.

The toy project is parsed once for all tests; what goes wrong is decided by the rows.
"""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Timer
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster_dbt import dbt_assets
from dagster_shared.record import replace as record

from sales_assets.assets import marts
from sales_assets.assets.mart_variables import Conversion
from sales_assets.assets.marts import build_marts
from sales_assets.dbt_lineage import column_origins
from sales_assets.dbt_manifest import (
    DbtLocation,
    DbtNotPreparedError,
    DbtProjectError,
    compiled_models,
    prepare,
    read_manifest,
    read_specs,
)
from sales_assets.dbt_specs import DbtSpecs
from sales_assets.dbt_translation import HomelessTestError, MartsTranslator, translate
from sales_assets.partitions import daily_partitions
from sales_assets.resources.dbt import DbtInProcess
from sales_assets.resources.dbt_failures import DbtBuildError, DbtUnavailableError
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse

PATH_SETTING = "SALES_ASSETS_WAREHOUSE_PATH"
CONVERSION = Conversion("EUR", (), {})
REVENUE = [
    dg.AssetKey(["retail", "pizzaplace", "revenue"]),
    dg.AssetKey(["global", "global_sales", "revenue"]),
]
STAGING = dg.AssetKey(["staging", "stg_sales"])
FACTS = dg.AssetKey(["core", "fct_sales"])
DAILY = dg.AssetKey(["marts", "daily_revenue"])
PRODUCTS = dg.AssetKey(["marts", "revenue_by_product"])
DAYS = daily_partitions(date(2024, 1, 1))
RANGE = ("2024-01-01", "2024-01-03")

WINDOW = """day >= cast('{{ var("start_date", "0001-01-01") }}' as date)
    and day < cast('{{ var("end_date", "9999-12-31") }}' as date)"""
PROJECT = {
    "dbt_project.yml": """
        name: toy
        profile: toy
        models:
          toy:
            staging: {+materialized: view}
            core: {+materialized: incremental, +unique_key: day}
            marts: {+materialized: incremental, +unique_key: day}
        """,
    "profiles.yml": """
        toy:
          target: duckdb
          outputs:
            duckdb:
              type: duckdb
              path: "{{ env_var('SALES_ASSETS_WAREHOUSE_PATH') }}"
              threads: 1
        """,
    "models/staging/stg_sales.sql": "select * from {{ source('warehouse', 'revenue') }}",
    "models/staging/stg_sales.yml": """
        sources:
          - name: warehouse
            schema: main
            tables: [{name: revenue}]
        models:
          - name: stg_sales
            columns:
              - name: product
                data_type: varchar
                description: What was sold.
                data_tests: [{not_null: {name: a_product_is_named, config: {severity: warn}}}]
        """,
    "models/core/fct_sales.sql": f"""
        select day, product, amount, effort from {{{{ ref('stg_sales') }}}} where {WINDOW}
        """,
    "models/core/fct_sales.yml": """
        models:
          - name: fct_sales
            columns:
              - {name: amount, data_tests: [{not_null: {name: an_amount_is_stated}}]}
        """,
    # fails on an amount beyond a smallint
    "models/marts/daily_revenue.sql": f"""
        select day, cast(sum(amount) as smallint) as revenue
        from {{{{ ref('fct_sales') }}}} where {WINDOW} group by day
        """,
    "models/marts/daily_revenue.yml": """
        models:
          - name: daily_revenue
            config:
              tags: [money]
              meta: {dagster: {owners: ["team:analytics"]}}
            columns:
              - {name: day, data_type: date, description: The day of the sale.}
              - {name: revenue, data_type: smallint}
        unit_tests:
          - name: a_unit_test_that_would_fail
            model: daily_revenue
            given: [{input: ref('fct_sales'), rows: [{day: "2024-01-01", amount: 1}]}]
            expect: {rows: [{day: "2024-01-01", revenue: 2}]}
        """,
    # takes as long as the rows say
    "models/marts/revenue_by_product.sql": f"""
        select day, product, sum(amount) as revenue
        from {{{{ ref('fct_sales') }}}}, range(effort) where {WINDOW} group by day, product
        """,
    "tests/daily_revenue_adds_up.sql": """
        {{ config(meta={'dagster': {'ref': {'name': 'daily_revenue'}}}) }}
        select 1
        where (select sum(revenue) from {{ ref('daily_revenue') }})
            <> (select sum(amount) from {{ ref('fct_sales') }})
            and exists (select 1 from {{ source('warehouse', 'revenue') }})
        """,
}
GOOD_ROWS = [
    ("2024-01-01", "tea", 3, 1),
    ("2024-01-02", "tea", 4, 1),
    ("2024-01-03", "pot", 5, 1),
]


def write_project(folder: Path) -> Path:
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def locate(project: Path, prepared: Path, warehouse: Path) -> DbtLocation:
    return DbtLocation(project, project, "duckdb", prepared, {PATH_SETTING: str(warehouse)})


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> DbtLocation:
    folder = tmp_path_factory.mktemp("dbt")
    location = locate(write_project(folder / "project"), folder / "prepared", Path("sales.duckdb"))
    assert prepare(location)
    return location


class ToyWarehouse(DuckDBWarehouse):
    """A warehouse whose models convert nothing."""

    def needs_full_refresh(self, _: str) -> bool:
        return False

    def outdated_marts(self, _: Mapping[str, str]) -> list[date]:
        return []

    def begin_marts(self, _: Collection[date] | None) -> None:
        """Of no interest here."""

    def abandon_marts(self, _: Collection[date]) -> None:
        """Of no interest here."""

    def end_marts(self, _: Collection[date] | None, __: Mapping[str, str]) -> None:
        """Of no interest here."""


class Toy:
    """A warehouse of its own, dbt on it, and a look at both from outside."""

    def __init__(self, folder: Path, prepared: DbtLocation, name: str = "sales.duckdb") -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / name
        self.runs = folder / "runs"
        self.location = replace(prepared, environment={PATH_SETTING: str(self.path)})
        self.dbt = DbtInProcess(
            project_dir=str(prepared.project_dir),
            profiles_dir=str(prepared.profiles_dir),
            target=prepared.target,
            prepared_dir=str(prepared.prepared_dir),
            runs_dir=str(self.runs),
            environment={PATH_SETTING: str(self.path)},
        )
        self.marts = build_marts(
            models=read_specs(prepared.prepared_dir),
            revenue_keys=REVENUE,
            partitions_def=DAYS,
            conversion=CONVERSION,
        )

    def fill(self, rows: Sequence[tuple[str, str | None, int | None, int]]) -> "Toy":
        ToyWarehouse(path=str(self.path)).rows("select 1")  # makes it
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(
                "create or replace table revenue"
                " (day date, product varchar, amount integer, effort bigint)"
            )
            connection.executemany("insert into revenue values (?, ?, ?, ?)", rows)
        return self

    def build(
        self,
        first: str | None = RANGE[0],
        last: str | None = RANGE[1],
        selection: dg.AssetSelection | None = None,
        marts: dg.AssetsDefinition | None = None,
        instance: dg.DagsterInstance | None = None,
    ) -> dg.ExecuteInProcessResult:
        tags = {}
        if first and last:
            tags = {
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": last,
            }
        marts = marts or self.marts
        job = dg.define_asset_job("build", selection or dg.AssetSelection.assets(marts))
        resources = {"dbt": self.dbt, "warehouse": ToyWarehouse(path=str(self.path))}
        definitions = dg.Definitions(assets=[marts], jobs=[job], resources=resources)
        return definitions.resolve_job_def("build").execute_in_process(
            raise_on_error=False, tags=tags, instance=instance
        )

    def ask(self, query: str) -> list[Any]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def warehouse(tmp_path: Path, prepared: DbtLocation) -> Toy:
    return Toy(tmp_path, prepared).fill(GOOD_ROWS)


def told(result: dg.ExecuteInProcessResult) -> dict[dg.AssetKey, list[str | None]]:
    days: dict[dg.AssetKey, list[str | None]] = {}
    for event in result.get_asset_materialization_events():
        assert event.asset_key
        days.setdefault(event.asset_key, []).append(event.partition)
    return days


def checks(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, str]]:
    return {
        check.check_name: (check.passed, check.severity.value)
        for check in result.get_asset_check_evaluations()
    }


def failure(result: dg.ExecuteInProcessResult) -> tuple[str, str]:
    (event,) = (event for event in result.all_events if event.is_step_failure)
    error = event.step_failure_data.error
    assert error
    cause = error.cause or error
    assert cause.cls_name
    return cause.cls_name, cause.message


def is_free_for_another_process(path: Path) -> bool:
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create table free (i int)')"
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    return done.returncode == 0


def test_a_range_gives_each_model_one_materialisation_per_day_and_each_test_one_check(
    warehouse: Toy,
) -> None:
    result = warehouse.build()

    days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert result.success
    assert told(result) == {STAGING: days, FACTS: days, DAILY: days, PRODUCTS: days}
    assert checks(result) == {
        "a_product_is_named": (True, "ERROR"),
        "an_amount_is_stated": (True, "ERROR"),
        "daily_revenue_adds_up": (True, "ERROR"),
    }
    assert warehouse.ask("select revenue from daily_revenue order by day") == [(3,), (4,), (5,)]


def test_a_run_computes_its_window_only(warehouse: Toy) -> None:
    warehouse.build()
    warehouse.fill([(day, product, 7, 1) for day, product, _, _ in GOOD_ROWS])

    result = warehouse.build("2024-01-02", "2024-01-02")

    assert told(result)[DAILY] == ["2024-01-02"]
    assert warehouse.ask("select revenue from daily_revenue order by day") == [(3,), (7,), (5,)]


def test_a_failing_model_raises_after_what_succeeded_was_recorded(warehouse: Toy) -> None:
    warehouse.fill([*GOOD_ROWS, ("2024-01-03", "car", 40_000, 1)])

    result = warehouse.build()

    name, message = failure(result)
    assert name == DbtBuildError.__name__
    assert "model daily_revenue (models/marts/daily_revenue.sql): " in message
    assert "out of range" in message
    assert "Skipped because of that: daily_revenue_adds_up" in message
    compiled = next(line for line in message.splitlines() if "compiled SQL:" in line).split()[-1]
    assert "cast(sum(amount) as smallint)" in Path(compiled).read_text()
    assert set(told(result)) == {STAGING, FACTS, PRODUCTS}


def test_a_failing_test_is_a_failed_check_and_nothing_downstream_is_built(
    warehouse: Toy,
) -> None:
    warehouse.fill([*GOOD_ROWS, ("2024-01-03", "car", None, 1)])

    result = warehouse.build()

    assert checks(result)["an_amount_is_stated"] == (False, "ERROR")
    assert set(told(result)) == {STAGING, FACTS}
    name, message = failure(result)
    assert name == DbtBuildError.__name__
    assert "test an_amount_is_stated (models/core/fct_sales.yml): Got 1 result" in message


def test_a_test_of_severity_warn_fails_its_check_and_not_the_run(warehouse: Toy) -> None:
    warehouse.fill([*GOOD_ROWS, ("2024-01-03", None, 1, 1)])

    result = warehouse.build()

    assert result.success
    assert checks(result)["a_product_is_named"] == (False, "WARN")
    [found] = [c for c in result.get_asset_check_evaluations() if not c.passed]
    assert "Found: 1 row against it. To do: See the rows" in str(found.description)
    assert "where product is null" in str(found.metadata["sql"].value)


@pytest.mark.long
def test_a_warehouse_that_another_process_holds_may_be_tried_again(
    warehouse: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the other process came between the question to the warehouse and dbt.
    monkeypatch.setattr(marts, "_days", lambda *_: [])
    monkeypatch.setattr(DuckDBWarehouse, "_create", lambda *_: None)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held'); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-uc", script, str(warehouse.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"

    result = warehouse.build()
    holder.communicate(b"")

    assert failure(result)[0] == DbtUnavailableError.__name__
    assert warehouse.build().success


def test_two_builds_in_one_process_write_to_their_own_warehouses(
    tmp_path: Path, prepared: DbtLocation
) -> None:
    one = Toy(tmp_path / "one", prepared).fill([("2024-01-01", "tea", 1, 1)])
    two = Toy(tmp_path / "two", prepared).fill([("2024-01-01", "tea", 2, 1)])

    assert one.build().success
    assert two.build().success

    assert one.ask("select revenue from daily_revenue") == [(1,)]
    assert two.ask("select revenue from daily_revenue") == [(2,)]


@pytest.mark.parametrize("amount", [1, 40_000], ids=["success", "failure"])
def test_the_warehouse_is_free_for_another_process_after_a(warehouse: Toy, amount: int) -> None:
    warehouse.fill([("2024-01-01", "tea", amount, 1)])

    assert warehouse.build().success == (amount == 1)

    assert is_free_for_another_process(warehouse.path)


@pytest.mark.long
def test_an_interrupted_build_ends_its_query_and_frees_the_warehouse(warehouse: Toy) -> None:
    warehouse.fill([("2024-01-01", "slow", 1, 10**12)])

    @dbt_assets(
        manifest=read_manifest(warehouse.location.prepared_dir),
        dagster_dbt_translator=MartsTranslator(),
        partitions_def=DAYS,
    )
    def interrupted(context: dg.AssetExecutionContext, dbt: DbtInProcess) -> Iterator[Any]:
        for event in dbt.build(context, dbt.load(), variables={}):
            yield event
            if isinstance(event, dg.Output) and "daily_revenue" in event.output_name:
                Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()

    before = time.monotonic()
    result = warehouse.build(marts=interrupted)

    assert failure(result)[0] == DagsterExecutionInterruptedError.__name__
    assert time.monotonic() - before < 60
    assert is_free_for_another_process(warehouse.path)


def test_only_the_selected_models_and_their_own_checks_run(warehouse: Toy) -> None:
    warehouse.build()
    warehouse.fill([(day, product, 7, 1) for day, product, _, _ in GOOD_ROWS])

    result = warehouse.build(selection=dg.AssetSelection.assets(FACTS))

    assert result.success, "daily_revenue does not add up to the new facts: not asked for"
    assert set(told(result)) == {FACTS}
    assert set(checks(result)) == {"an_amount_is_stated"}
    assert warehouse.ask("select revenue from daily_revenue order by day") == [(3,), (4,), (5,)]


def test_a_check_can_run_by_itself_without_a_window(warehouse: Toy) -> None:
    warehouse.build()
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(DAILY, "daily_revenue_adds_up"))

    result = warehouse.build(None, None, selection)

    assert checks(result) == {"daily_revenue_adds_up": (True, "ERROR")}
    assert not told(result)


def test_a_build_leaves_the_process_as_it_was(
    warehouse: Toy, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PATH_SETTING, "as it was")
    monkeypatch.setattr(logging.getLogger("dagster"), "disabled", True)
    handlers, folder = list(logging.getLogger().handlers), Path.cwd()

    assert warehouse.build().success

    assert os.environ[PATH_SETTING] == "as it was"
    assert (logging.getLogger().handlers, Path.cwd()) == (handlers, folder)
    assert "dbt" not in capfd.readouterr().out
    assert list(warehouse.runs.iterdir()) == []


@pytest.mark.long
def test_preparing_again_does_nothing_until_the_project_changes(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    location = locate(project, tmp_path / "prepared", tmp_path / "sales.duckdb")

    assert prepare(location)
    assert not prepare(location)
    (project / "models/marts/best_day.sql").write_text("select 1 as day")
    assert prepare(location)

    assert "model.toy.best_day" in read_manifest(location.prepared_dir)["nodes"]
    assert not (project / "target").exists()


@pytest.mark.long
def test_a_project_that_cannot_be_parsed_is_refused_with_the_reason_of_dbt(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    (project / "models/marts/best_day.sql").write_text("select * from {{ ref('nowhere') }}")

    with pytest.raises(DbtProjectError, match="'nowhere' which was not found"):
        prepare(locate(project, tmp_path / "prepared", tmp_path / "sales.duckdb"))


def test_a_missing_manifest_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DbtNotPreparedError, match=r"make install.*sales-assets prepare"):
        read_manifest(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("record", [{}, {"source_hash": "", "relations": {"database": "other"}}])
def test_a_run_that_cannot_use_what_was_prepared_parses_and_says_so(
    prepared: DbtLocation, tmp_path: Path, record: dict[str, Any]
) -> None:
    folder = tmp_path / "prepared"
    shutil.copytree(prepared.prepared_dir, folder)
    (folder / "prepared.json").write_text(json.dumps(record))
    toy = Toy(tmp_path, replace(prepared, prepared_dir=folder)).fill(GOOD_ROWS)

    with dg.DagsterInstance.ephemeral() as instance:
        result = toy.build(instance=instance)
        remarks = [entry.user_message for entry in instance.all_logs(result.run_id)]

    assert result.success
    assert set(told(result)) == {STAGING, FACTS, DAILY, PRODUCTS}
    assert any("Until then every run parses." in remark for remark in remarks)


def test_a_project_changed_since_it_was_prepared_runs_as_prepared_and_says_so(
    prepared: DbtLocation, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "project")
    (project / "models/marts/daily_revenue.sql").write_text("select 1 as never_prepared")
    toy = Toy(tmp_path, replace(prepared, project_dir=project)).fill(GOOD_ROWS)

    with dg.DagsterInstance.ephemeral() as instance:
        result = toy.build(instance=instance)
        remarks = [entry.user_message for entry in instance.all_logs(result.run_id)]

    assert result.success
    assert toy.ask("select revenue from daily_revenue order by day") == [(3,), (4,), (5,)]
    assert any("has changed since it was prepared" in remark for remark in remarks)


def test_a_model_that_went_since_definitions_were_loaded_says_to_reload_them(
    prepared: DbtLocation, tmp_path: Path
) -> None:
    folder = tmp_path / "prepared"
    shutil.copytree(prepared.prepared_dir, folder)
    toy = Toy(tmp_path, replace(prepared, prepared_dir=folder)).fill(GOOD_ROWS)
    manifest = read_manifest(folder)
    del manifest["nodes"]["model.toy.daily_revenue"]
    (folder / "manifest.json").write_text(json.dumps(manifest))

    name, message = failure(toy.build())

    assert name == DbtBuildError.__name__
    assert "model.toy.daily_revenue" in message
    assert "reload the code location" in message


def test_models_are_assets_by_folder_that_depend_on_every_revenue_asset(
    warehouse: Toy,
) -> None:
    specs = {spec.key: spec for spec in warehouse.marts.specs}

    assert set(specs) == {STAGING, FACTS, DAILY, PRODUCTS}
    assert {dep.asset_key for dep in specs[STAGING].deps} == set(REVENUE)
    assert {dep.asset_key for dep in specs[DAILY].deps} == {FACTS}
    checked_with = {
        check.key.to_user_string(): {dep.asset_key for dep in check.additional_deps}
        for check in warehouse.marts.check_specs
    }
    assert checked_with == {
        "staging/stg_sales:a_product_is_named": set(),
        "core/fct_sales:an_amount_is_stated": set(),
        "marts/daily_revenue:daily_revenue_adds_up": {FACTS, *REVENUE},
    }


def test_group_owner_tags_kinds_and_columns_come_from_the_dbt_project(
    warehouse: Toy,
) -> None:
    spec = warehouse.marts.get_asset_spec(DAILY)

    assert (spec.group_name, spec.owners) == ("marts", ["team:analytics"])
    assert (spec.kinds, spec.tags["money"]) == ({"dbt", "duckdb"}, "")
    columns = spec.metadata["dagster/column_schema"].columns
    assert [(column.name, column.type, column.description) for column in columns] == [
        ("day", "date", "The day of the sale."),
        ("revenue", "smallint", ""),
    ]


def test_a_test_of_the_shared_revenue_table_is_refused(prepared: DbtLocation) -> None:
    manifest = read_manifest(prepared.prepared_dir)
    test = next(node for node in manifest["nodes"].values() if node["name"] == "a_product_is_named")
    test["attached_node"] = None
    test["depends_on"]["nodes"] = ["source.toy.warehouse.revenue"]

    with pytest.raises(HomelessTestError, match="a_product_is_named"):
        translate(manifest, {})


def test_the_specs_that_were_kept_are_those_that_dagster_dbt_makes_of_the_manifest(
    prepared: DbtLocation,
) -> None:
    def ordered(deps: Iterable[dg.AssetDep]) -> list[dg.AssetDep]:  # dagster-dbt has them in sets
        return sorted(deps, key=lambda dep: dep.asset_key)

    def comparable(specs: DbtSpecs) -> list[Any]:
        assets = sorted(specs.assets, key=lambda spec: spec.key)
        checks = sorted(specs.checks, key=lambda check: check.name)
        return [
            *((spec.replace_attributes(deps=[]), ordered(spec.deps)) for spec in assets),
            *(
                (record(check, additional_deps=[]), ordered(check.additional_deps))
                for check in checks
            ),
        ]

    manifest = read_manifest(prepared.prepared_dir)
    made = translate(manifest, column_origins(manifest, compiled_models(prepared, "main")))

    assert comparable(read_specs(prepared.prepared_dir)) == comparable(made)


def test_models_that_only_compile_beside_the_warehouse_are_prepared_without_lineage(
    prepared: DbtLocation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = tmp_path / "project"
    shutil.copytree(prepared.project_dir, project, ignore=shutil.ignore_patterns("target"))
    asking = "{% if execute %}{% do run_query('select * from main.settings') %}{% endif %}"
    model = project / "models" / "core" / "fct_sales.sql"
    model.write_text(f"{asking}\n{model.read_text()}")
    location = replace(
        prepared, project_dir=project, profiles_dir=project, prepared_dir=tmp_path / "prepared"
    )
    assert prepare(location)
    assert {spec.key for spec in read_specs(location.prepared_dir).assets} >= {FACTS, DAILY}
    assert "The lineage of columns is not known: dbt cannot compile" in caplog.text


def test_specs_of_another_version_of_dagster_are_refused(
    prepared: DbtLocation, tmp_path: Path
) -> None:
    text = (prepared.prepared_dir / "specs.json").read_text()
    assert DbtSpecs.from_json(text)
    (tmp_path / "specs.json").write_text(text.replace(dg.__version__, "1.0.0"))

    with pytest.raises(DbtNotPreparedError, match=r"another version of Dagster.*sales-assets prep"):
        read_specs(tmp_path)
