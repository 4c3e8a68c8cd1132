"""The parsed dbt project.

Belongs here: whether it is there, and of this project and this warehouse. Does not: the models.
"""

from __future__ import annotations

from collections.abc import Iterator

from sales_assets.dbt_manifest import read_manifest, read_saved_parse
from sales_assets.dbt_process import dbt_process
from sales_assets.doctor.findings import Finding, ok, warning
from sales_assets.resources.build import dbt_location
from sales_assets.settings import Settings


def prepared(settings: Settings) -> Iterator[Finding]:
    """Whether what was parsed is what is there; DbtNotPreparedError if nothing was."""
    location = dbt_location(settings)
    nodes = read_manifest(location.prepared_dir)["nodes"].values()
    with dbt_process(location.environment):
        manifest, complaint = read_saved_parse(location)
    if complaint:
        slow = "" if manifest else "; until then each run parses for some seconds"
        yield warning("dbt project", complaint, f"sales-assets prepare{slow}")
        return
    models = sum(node["resource_type"] == "model" for node in nodes)
    yield ok("dbt project", f"{models} models for {location.target}, {location.prepared_dir}")
