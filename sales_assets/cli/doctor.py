"""`sales-assets doctor`: what works, and what to do where it does not.

Belongs here: the command and what it prints. Does not: any check (`doctor`).
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from sales_assets.cli.output import out


class DoctorFormat(StrEnum):
    """How the findings are printed."""

    TABLE = "table"
    JSON = "json"


def doctor(
    format: Annotated[DoctorFormat, typer.Option("--format", "-f")] = DoctorFormat.TABLE,  # noqa: A002
) -> None:
    """Look at settings, machine, services and rights, and say what to do where one is wrong.

    It tries each right on something that it makes and removes. The exit code is 1 if there is a
    problem.
    """
    from sales_assets.doctor.examining import examine
    from sales_assets.doctor.findings import Severity, as_json, table

    findings = list(examine())
    if format is DoctorFormat.JSON:
        sys.stdout.write(as_json(findings) + "\n")
    else:
        out.print(table(findings))
        counts = {kind: sum(f.severity is kind for f in findings) for kind in Severity}
        out.print(
            f"{len(findings)} findings: {counts[Severity.PROBLEM]} problems, "
            f"{counts[Severity.WARNING]} warnings"
        )
    if any(finding.severity is Severity.PROBLEM for finding in findings):
        raise typer.Exit(1)
