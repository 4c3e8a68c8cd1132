"""What a dbt test found, in the words of all checks.

Belongs here: the sentence and the metadata of a test's result. Does not: the tests (dbt_project),
or running them (`resources.dbt`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.checks.results import number_of, sentences

_FAILURES = "dagster_dbt/failed_row_count"
"""dagster-dbt's name for the number of rows that a test found; absent if its SQL failed."""


def expectation(test: Mapping[str, Any]) -> str:
    """What a test in dbt's manifest expects: its description, or that it finds nothing."""
    return " ".join(test["description"].split()) or f"The dbt test {test['name']} finds no row."


def told_in_sentences(
    found: dg.AssetCheckResult, manifest: Mapping[str, Any], target_path: Path
) -> dg.AssetCheckResult:
    """The result of a dbt test with what it expected, what it found, and how to see the rows.

    The SQL of the test, as it ran, is below `target_path`.
    """
    test = manifest["nodes"][found.metadata["unique_id"].value]
    expected = expectation(test)
    failures = found.metadata[_FAILURES].value if _FAILURES in found.metadata else None
    to_do: str | None = None
    more: dict[str, Any] = {}
    if failures is None:
        told = "the test's SQL failed, so nothing is known"
    else:
        told = f"{number_of(int(str(failures)), 'row')} against it"
    if not found.passed:
        to_do = (
            "See the rows by the SQL below, with `sales-assets query`, mend the model or the lines "
            "that it reads, and materialise the same days again"
            if failures is not None
            else "Look at the run's log for what the warehouse said"
        )
        more = {"to_do": to_do, **_sql(test, target_path)}
    return dg.AssetCheckResult(
        passed=found.passed,
        asset_key=found.asset_key,
        check_name=found.check_name,
        severity=found.severity,
        metadata={"expected": expected, "found": told, **more, **found.metadata},
        description=sentences(expected, told, to_do),
    )


def _sql(test: Mapping[str, Any], target_path: Path) -> dict[str, Any]:
    """The SQL that was run, from where dbt leaves it; nothing if it did not get so far."""
    folder = target_path / "compiled" / test["package_name"] / test["original_file_path"]
    compiled = folder / test["path"]
    try:
        text = compiled.read_text(encoding="utf-8").strip()
    except OSError:
        return {}
    return {"sql": dg.MetadataValue.md(f"```sql\n{text}\n```")}
