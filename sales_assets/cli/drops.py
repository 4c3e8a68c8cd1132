"""`sales-assets land`, `check` and `infer`: files before anything is computed of them.

Belongs here: these commands and what they print. Does not: what they call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out


def land(
    files: Annotated[list[Path], typer.Argument(help="CSV files, also as .gz, .zst or .zip.")],
    source: Annotated[str, typer.Option("--source", "-s", help="The source they are of.")],
) -> None:
    """Put CSV files into the landing zone, after a look at their headers."""
    from sales_assets.landing import land_file
    from sales_assets.settings import Settings

    settings = Settings.load()
    for file in files:
        landed = land_file(settings, file, source)
        out.print(f"{landed.file}: {'landed' if landed.changed else 'is there already, unchanged'}")


def check(
    file: Annotated[Path, typer.Argument(help="A file as it would be landed.")],
    contract: Annotated[
        str, typer.Option("--contract", "-c", help="A contract's file, or a source's name.")
    ],
    references: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference", help="A file that lines refer to; default: that in the landing zone."
        ),
    ] = None,
    format: TableOrJsonOption = TableOrJson.TABLE,  # noqa: A002
) -> None:
    """Say what would be accepted and rejected of a file, without writing anything.

    The exit code is 1 if a line would be rejected, or the file refused.
    """
    from sales_assets.checking import check_file, contract_of, print_verdict
    from sales_assets.settings import Settings

    settings = Settings.load()
    verdict = check_file(settings, contract_of(settings, contract), file, references or ())
    print_verdict(out, verdict, format.value)
    if verdict.rejected:
        raise typer.Exit(1)


def infer(
    file: Annotated[Path, typer.Argument(help="An export, as it would be landed.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write to this new file; default: print it.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", "-s", help="Its name; default: by the file's name.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", "-t", help="Who answers for it.")] = None,
) -> None:
    """Propose a contract for an unknown export; what is unsure is marked TODO."""
    from sales_assets.inferring.proposing import propose, refuse_target, write
    from sales_assets.settings import Settings

    if out_file is not None:
        refuse_target(out_file)
    proposal = propose(Settings.load(), file, source, team)
    if out_file is None:
        out.file.write(proposal.text)
    else:
        write(proposal.text, out_file)
    place = out_file or "CONTRACT.odcs.yaml"
    for told in proposal.told:
        err.print(told, soft_wrap=True, markup=False)
    for line, todo in proposal.todos:
        if not todo.startswith(proposal.told):
            err.print(f"line {line}: {todo}", soft_wrap=True, markup=False)
    err.print(f"Next, with every TODO settled in {place}:", soft_wrap=True, markup=False)
    for command in (
        f"check {file} --contract {place}",
        f"land {file} --source {proposal.source}",
        f"materialize --source {proposal.source}",
    ):
        err.print(f"  sales-assets {command}", soft_wrap=True, markup=False)
