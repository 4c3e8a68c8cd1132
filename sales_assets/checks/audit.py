"""Whether the audit log is as it was written.

Belongs here: what the check of the published head says. Does not: following the chain
(`platform.audit.verify`), or which head was published (`assets.audit_head`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from sales_assets.checks.results import SHOWN, number_of, sentences

if TYPE_CHECKING:
    from sales_assets.platform.audit.rows import Head
    from sales_assets.platform.audit.verify import Verification

INTACT = "audit_log_is_intact"


def intact_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares the check."""
    return dg.AssetCheckSpec(
        INTACT,
        asset=key,
        description="No row of the audit log was changed, moved, put in or removed, and it still "
        "has the head that was published last.",
    )


def no_audit_log(key: dg.AssetKey, why: str) -> dg.AssetCheckResult:
    """What is said where there is no log to verify; `why` says what to do too."""
    expected = "an audit log that can be verified"
    return dg.AssetCheckResult(
        passed=False,
        check_name=INTACT,
        asset_key=key,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"expected": expected, "found": why},
        description=sentences(expected, why, None),
    )


def audit_log_is_intact(
    key: dg.AssetKey, done: Verification, published: Head | None
) -> dg.AssetCheckResult:
    """What a verification against the head that was published last found."""
    expected = "a chain of rows without a break" + (
        f" that has the published head, row {published.number:,}" if published else ""
    )
    wrong = done.told()
    found = f"{number_of(done.rows, 'row')}, the last one {done.head.number:,}"
    if wrong:
        found += f"; {number_of(len(wrong), 'fault')}: {wrong[0]}"
    elif published is None:
        found += "; no head was published before, so that none could be gone from its end"
    to_do = (
        "See `sales-assets audit verify` with the published head, ask who owns the database and "
        "the key, and compare with an export or a backup. Once that is settled, an administrator "
        "runs `sales-assets audit accept`: what is there now then counts as it is, and the head "
        "moves on"
    )
    metadata: dict[str, Any] = {
        "expected": expected,
        "found": found,
        "rows": done.rows,
        "faults": done.found + len(done.missing_triggers),
        "operations_of_unknown_outcome": done.unconcluded_count,
    }
    if wrong:
        metadata["to_do"] = to_do
        metadata["list"] = dg.MetadataValue.md("\n".join(f"- {one}" for one in wrong[:SHOWN]))
    return dg.AssetCheckResult(
        passed=done.is_intact,
        check_name=INTACT,
        asset_key=key,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
        description=sentences(expected, found, to_do if wrong else None),
    )
