"""What a check has found.

Belongs here: findings, their severity, and the table and JSON of them. Does not: any check.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeAlias

from rich import box
from rich.markup import escape
from rich.table import Table

from sales_assets.settings import Settings


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "OK"
    """It works."""
    WARNING = "WARNING"
    """It works, but not for long, or not in all of its parts."""
    PROBLEM = "PROBLEM"
    """It does not work."""


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it; nothing to do if it is OK."""

    check: str
    severity: Severity
    found: str
    to_do: str = ""


Check: TypeAlias = Callable[[Settings], Iterator[Finding]]
"""Looks at one thing. It may raise whatever it meets; that is a problem found."""

_COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.PROBLEM: "bold red"}


def ok(check: str, found: str) -> Finding:
    """It works."""
    return Finding(check, Severity.OK, found)


def warning(check: str, found: str, to_do: str) -> Finding:
    """It works only in part, or not for long."""
    return Finding(check, Severity.WARNING, found, to_do)


def problem(check: str, found: str, to_do: str) -> Finding:
    """It does not work."""
    return Finding(check, Severity.PROBLEM, found, to_do)


def table(findings: Sequence[Finding]) -> Table:
    """The findings for a person."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False)
    for name in ("", "looked at", "found, and what to do"):
        made.add_column(name, overflow="fold")
    for finding in findings:
        told = escape(finding.found)
        if finding.to_do:
            told += f"\n[bold]→ {escape(finding.to_do)}[/]"
        colour = _COLOURS[finding.severity]
        made.add_row(f"[{colour}]{finding.severity}[/]", escape(finding.check), told)
    return made


def as_json(findings: Sequence[Finding]) -> str:
    """The findings for a program: a list of objects with check, severity, found and to_do."""
    return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=True)
