"""The page of dbt's documentation: it has everything inside, and needs no warehouse."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sales_assets.dbt_docs import write_dbt_docs
from sales_assets.dbt_manifest import DbtLocation, DbtProjectError
from sales_assets.resources.build import dbt_location
from sales_assets.settings import Settings


@pytest.fixture
def location(tmp_path: Path) -> DbtLocation:
    """The project of an installation that has neither a warehouse nor anything else."""
    return dbt_location(Settings(home=tmp_path / "home"))


def inlined(page: str, name: str) -> Any:
    """The JSON that the page has in the place of a file."""
    start = re.search(rf"\b{name}:(?=\{{)", page)
    assert start, name
    found, _ = json.JSONDecoder().raw_decode(page, start.end())
    return found


@pytest.mark.long
def test_the_page_has_every_model_metric_and_exposure_and_loads_nothing(
    location: DbtLocation, tmp_path: Path
) -> None:
    page = tmp_path / "site" / "dbt" / "index.html"

    write_dbt_docs(location, page)

    text = page.read_text()
    manifest, catalogue = inlined(text, "manifest"), inlined(text, "catalog")
    models = {id_ for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    assert "model.sales_assets.daily_revenue" in models
    assert set(catalogue["nodes"]) == models
    assert set(catalogue["sources"]) == set(manifest["sources"])
    net_revenue = catalogue["nodes"]["model.sales_assets.daily_revenue"]["columns"]["net_revenue"]
    assert net_revenue["type"] == "DECIMAL(38,4)"
    assert {"metric.sales_assets.return_rate", "metric.sales_assets.orders"} <= {
        *manifest["metrics"]
    }
    assert "exposure.sales_assets.sales_report" in manifest["exposures"]
    assert "# Sales" in manifest["docs"]["doc.sales_assets.__overview__"]["block_contents"]

    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=.?(?:https?:)?//", text)
    assert not re.findall(r"url\([\"']?(?:https?:)?//", text)
    assert manifest["metadata"]["send_anonymous_usage_stats"] is False, "the page would tell"
    assert not (tmp_path / "home").exists()
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_a_project_that_dbt_cannot_read_is_refused_and_the_page_stays(
    location: DbtLocation, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text("as before")

    with pytest.raises(DbtProjectError, match=r"`dbt run --empty` fails in .*nowhere"):
        write_dbt_docs(replace(location, project_dir=tmp_path / "nowhere"), page)

    assert page.read_text() == "as before"
