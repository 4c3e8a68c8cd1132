"""The embedded warehouse.

Belongs here: whether the DuckDB file can be read. Does not: Snowflake (`snowflake`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.errors import WarehouseBusyError
from sales_assets.resources.build import build_warehouse
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import Settings

PATIENCE = 2.0
"""Seconds to wait for a run that is writing."""


def embedded(settings: Settings) -> Iterator[Finding]:
    """The DuckDB file: whole, of a version that can be read, not kept by another program."""
    if settings.warehouse is not WarehouseKind.DUCKDB:
        return
    file = settings.warehouse_file
    if not file.exists():
        yield ok("warehouse", f"{file}, made by the first run")
        return
    import duckdb

    warehouse = build_warehouse(settings).model_copy(update={"lock_timeout": PATIENCE})
    asked = "SELECT count(DISTINCT source), count(*), max(partition_date) FROM ledger"
    try:
        [(sources, days, last)] = warehouse.rows(asked)
    except WarehouseBusyError as error:
        yield warning("warehouse", str(error), "look again when the run has ended")
    except duckdb.Error as error:
        yield problem(
            "warehouse",
            f"{file}: {error}",
            "put a backup in its place; or move the file away and run `sales-assets materialize`, "
            "which makes it anew from the drops",
        )
    else:
        held = f"{days:,} days of {sources} sources, the last is {last}" if days else "empty"
        yield ok("warehouse", f"{file}, {file.stat().st_size / 1e6:,.0f} MB, {held}")
