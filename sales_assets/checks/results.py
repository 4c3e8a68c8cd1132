"""One way to say what a check found.

Belongs here: the sentences and the metadata of a result. Does not: any check.
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
        metadata["to_do"] = to_do
        metadata["days"] = listed(wrong)
    return dg.AssetCheckResult(
        passed=not wrong,
        check_name=name,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
        description=sentences(expected, found, to_do if wrong else None),
    )


def listed(days: Mapping[str, str]) -> dg.MetadataValue[Any]:
    """What there is to say of some days, as a list of the first of them."""
    shown = list(days.items())[:SHOWN]
    return dg.MetadataValue.md("\n".join(f"- **{day}**: {told}" for day, told in shown))


def sentences(expected: str, found: str, to_do: str | None) -> str:
    """What a result says in the UI: what was expected, what is there, and what to do about it."""
    told = {"Expected": expected, "Found": found} | ({"To do": to_do} if to_do else {})
    return " ".join(f"{word}: {text.rstrip('.')}." for word, text in told.items())


def number_of(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
