from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sales_assets.dbt_manifest import DbtNotPreparedError
from sales_assets.doctor.dbt_project import prepared
from sales_assets.doctor.findings import Severity
from sales_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a copy of what was prepared when the project was installed."""
    shutil.copytree(Settings(home=tmp_path).dbt_prepared, tmp_path / "prepared")
    return Settings(home=tmp_path, dbt_prepared_path=tmp_path / "prepared")


def test_a_project_that_was_parsed_as_it_is_is_told_by_its_models(settings: Settings) -> None:
    [found] = prepared(settings)
    assert found.severity is Severity.OK, found
    assert " models for duckdb" in found.found


def test_a_project_that_was_never_parsed_is_told_how_to(tmp_path: Path) -> None:
    with pytest.raises(DbtNotPreparedError, match="sales-assets prepare"):
        list(prepared(Settings(home=tmp_path, dbt_prepared_path=tmp_path / "away")))


def test_a_parse_of_another_project_and_of_another_warehouse_is_told(settings: Settings) -> None:
    record = settings.dbt_prepared / "prepared.json"
    kept = json.loads(record.read_text())
    record.write_text(json.dumps({**kept, "source_hash": "another"}))
    [found] = prepared(settings)
    assert (found.severity, found.to_do) == (Severity.WARNING, "sales-assets prepare")

    record.write_text(json.dumps({**kept, "relations": {"type": "snowflake"}}))
    [found] = prepared(settings)
    assert found.severity is Severity.WARNING
    assert "until then each run parses" in found.to_do
