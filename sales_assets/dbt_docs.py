"""dbt's own documentation of the project, as one page that needs no network.

Belongs here: making that page. Does not: what it says (dbt_project), or the site that may hold it
(docs/).

dbt is imported inside functions: it takes longer to import than Dagster itself.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from sales_assets.dbt_manifest import DbtLocation, DbtProjectError
from sales_assets.dbt_process import dbt_process
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.files import whole

PAGE = "static_index.html"
"""What dbt calls the page, with everything it needs inside."""
_EVERYTHING = ("--select", "fqn:*", "source:*", "--exclude", "resource_type:unit_test")
"""Of which SQL and types are told; without it, the project's own selector, which has no sources."""


def write_dbt_docs(location: DbtLocation, page: Path) -> None:
    """Write the page: models, columns with their types, lineage, tests, metrics and exposures.

    The types are those of an empty DuckDB warehouse that is built for this and thrown away: the
    models' contracts make them those of any warehouse. So no warehouse has to be there, and none
    is kept from others meanwhile.

    Raises DbtProjectError if dbt cannot read or build the project.
    """
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        warehouse = DuckDBWarehouse(path=str(scratch / "warehouse.duckdb"))
        warehouse.select("SELECT 1")  # makes the tables that the models read
        empty = replace(
            location,
            target="duckdb",
            environment={"SALES_ASSETS_WAREHOUSE_PATH": warehouse.path},
        )
        _dbt(empty, scratch, "run", "--empty")
        _dbt(empty, scratch, "docs", "generate", "--static", *_EVERYTHING)
        with whole(page) as unfinished:
            unfinished.write_bytes((scratch / PAGE).read_bytes())


def _dbt(location: DbtLocation, target_path: Path, *command: str) -> None:
    with dbt_process(location.environment):
        from dbt.cli.main import dbtRunner

        result = dbtRunner().invoke([*command, *location.arguments(target_path)])
    if not result.success:
        raise DbtProjectError(
            f"`dbt {' '.join(command)}` fails in {location.project_dir}: "
            f"{result.exception or result.result}"
        )
