"""The embedded warehouse.

Belongs here: whether the DuckDB file can be read and written. Does not: Snowflake (`snowflake`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.doctor.machine import unwritable
from sales_assets.errors import WarehouseBusyError
from sales_assets.resources.build import build_warehouse
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import Settings

PATIENCE = 2.0
"""Seconds to wait for a run that is writing."""
ADVICE = {
    "version": "install the DuckDB that wrote it: pip install --constraint constraints.txt duckdb",
    "permission": "give this user the right to read and write it",
    "out of memory": "raise SALES_ASSETS_MEMORY_LIMIT",
}
"""What to do by a word of what DuckDB says."""
RESTORE = (
    "if it is damaged, put a backup in its place; or move the file away and run `sales-assets "
    "materialize`, which makes it anew from the drops"
)


def embedded(settings: Settings) -> Iterator[Finding]:
    """The DuckDB file: whole, of a version that can be read, not kept by another program."""
    if settings.warehouse is not WarehouseKind.DUCKDB:
        return
    file = settings.warehouse_file
    if complaint := unwritable(file) or unwritable(file.parent):
        yield problem("warehouse", complaint, ADVICE["permission"])
        return
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
        said = str(error)
        advice = [to_do for word, to_do in ADVICE.items() if word in said.lower()]
        yield problem("warehouse", f"{file}: {said}", advice[0] if advice else RESTORE)
    else:
        held = f"{days:,} days of {sources} sources, the last is {last}" if days else "empty"
        yield ok("warehouse", f"{file}, {file.stat().st_size / 1e6:,.0f} MB, {held}")
