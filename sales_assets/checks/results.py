"""One way to say what a check found.

Belongs here: the sentence and the metadata of a result. Does not: any check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

SHOWN = 20
"""Days that a result shows; the number of all of them is told beside."""


def result(
    name: str,
    key: dg.AssetKey,
    *,
    expected: str,
    found: str,
    wrong: Mapping[str, str],
    to_do: str,
    warn: bool = False,
    more: Mapping[str, Any] | None = None,
) -> dg.AssetCheckResult:
    """A result that fails if there is anything wrong (`wrong`: day -> what is wrong there)."""
    metadata: dict[str, Any] = {"expected": expected, "found": found, "wrong_days": len(wrong)}
    metadata |= more or {}
    if wrong:
        shown = list(wrong.items())[:SHOWN]
        metadata["to_do"] = to_do
        metadata["days"] = dg.MetadataValue.md("\n".join(f"- **{d}**: {w}" for d, w in shown))
    return dg.AssetCheckResult(
        passed=not wrong,
        check_name=name,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
        description=found if not wrong else f"{found}. {to_do}",
    )
