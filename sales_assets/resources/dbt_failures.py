"""What a dbt run that failed says, and whether trying again may help.

Belongs here: from dbt's result to the error that a step raises. Does not: running dbt (`dbt`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sales_assets.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

_FAILED = {"error", "fail", "runtime error", "partial success"}
_OUTSIDE_WORLD = re.compile(
    r"could not set lock|(could not|failed to) connect|connection (reset|refused|aborted)"
    r"|\btimed? ?out\b|temporarily unavailable|session no longer exists",
    re.IGNORECASE,
)


class DbtBuildError(PermanentError):
    """Models or tests failed; the message names each with its reason and its compiled SQL."""


class DbtUnavailableError(TransientError):
    """dbt could not reach or lock the warehouse."""


def failure_of(result: dbtRunnerResult, target_path: Path) -> DbtBuildError | DbtUnavailableError:
    """The error to raise for a dbt run that failed: every node, its reason, its compiled SQL."""
    nodes: Sequence[Any] = getattr(result.result, "results", None) or ()
    failed = [node for node in nodes if node.status in _FAILED]
    skipped = [node.node.name for node in nodes if node.status == "skipped"]
    if failed:
        lines = [f"dbt failed at {len(failed)} of {len(nodes)} nodes:"]
        lines += [line for node in failed for line in _describe(node)]
    else:
        lines = [f"dbt failed before it built anything: {result.exception}"]
    if skipped:
        lines.append(f"Skipped because of that: {', '.join(skipped)}")
    lines.append(f"Compiled SQL is kept in {target_path}.")
    reasons = [str(node.message) for node in failed] or [str(result.exception)]
    if all(_OUTSIDE_WORLD.search(reason) for reason in reasons):
        lines.append("The warehouse was not to be had; trying again may help.")
        return DbtUnavailableError("\n".join(lines))
    lines.append(
        "Run the compiled SQL of the first failure against the warehouse, mend the model or the"
        " rows it reads, and run the same partitions again: what succeeded is recorded."
    )
    return DbtBuildError("\n".join(lines))


def _describe(result: Any) -> Iterator[str]:
    node = result.node
    yield f"- {node.resource_type} {node.name} ({node.original_file_path}): {result.message}"
    compiled = getattr(node, "compiled_path", None)
    if compiled:
        yield f"  compiled SQL: {compiled}"
