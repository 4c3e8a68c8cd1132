"""`sales-assets doctor`: what works, and what to do where it does not.

Belongs here: the command and what it prints. Does not: any check (`doctor`).
"""

from __future__ import annotations

import os
import sys

import typer

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out


def doctor(format: TableOrJsonOption = TableOrJson.TABLE) -> None:  # noqa: A002
    """Look at settings, machine, services and rights, and say what to do where one is wrong.

    It tries each right on something that it makes and removes. The exit code is 1 if there is a
    problem.
    """
    from sales_assets.doctor.examining import examine, has_given_up
    from sales_assets.doctor.findings import Severity, as_json, table

    findings = []
    with err.status("Looking at the settings") as status:
        for finding in examine():
            findings.append(finding)
            status.update(f"Looked at: {finding.check}")
    if format is TableOrJson.JSON:
        sys.stdout.write(as_json(findings) + "\n")
    else:
        out.print(table(findings))
        counts = {kind: sum(f.severity is kind for f in findings) for kind in Severity}
        out.print(
            f"{len(findings)} findings: {counts[Severity.PROBLEM]} problems, "
            f"{counts[Severity.WARNING]} warnings"
        )
    code = int(any(finding.severity is Severity.PROBLEM for finding in findings))
    if has_given_up():  # Python would wait for threads that such a check has begun
        sys.stdout.flush()
        os._exit(code)
    raise typer.Exit(code)
