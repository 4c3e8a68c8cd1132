"""What preparing keeps, and runs on what was prepared when the project or definitions differ."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.dbt_manifest import (
    DbtLocation,
    DbtNotPreparedError,
    DbtProjectError,
    prepare,
    read_manifest,
    read_specs,
)
from sales_assets.resources.dbt_failures import DbtBuildError
from sales_assets_tests.resources.dbt.toy import (
    DAILY,
    FACTS,
    GOOD_ROWS,
    PRODUCTS,
    STAGING,
    Toy,
    failure,
    locate,
    told,
    write_project,
)


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
