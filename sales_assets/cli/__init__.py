"""`sales-assets`: the command line.

Belongs here: which commands there are, and how errors end them. Does not: a command (the modules
here have them, in groups), or anything that a command does beyond calling it. An expected error is
one message and exit code 1 (2 for wrong usage).
"""

from __future__ import annotations

import sys

import typer

from sales_assets.cli.doctor_command import doctor
from sales_assets.cli.drops import check, infer, land
from sales_assets.cli.output import err
from sales_assets.cli.prune import prune
from sales_assets.cli.questions import query, trace
from sales_assets.cli.rates import rates_app
from sales_assets.cli.runs import materialize, prepare, status, ui
from sales_assets.cli.setup import setup_app
from sales_assets.cli.worker_command import worker
from sales_assets.errors import SalesAssetsError, UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sales CSVs to revenue that can be trusted: land drops, materialise days, ask questions.",
)
for command in (
    *(land, check, infer, materialize, query, trace, status),
    *(doctor, prune, prepare, ui, worker),
):
    app.command()(command)
app.add_typer(rates_app, name="rates")
app.add_typer(setup_app, name="setup")


def main() -> None:
    """Run the command line; turn expected errors into a message and an exit code."""
    try:
        app()
    except SalesAssetsError as error:
        err.print(f"[bold red]Error:[/] {_as_it_is(str(error))}", soft_wrap=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)


def _as_it_is(text: str) -> str:
    """Text that Rich prints as it is."""
    from rich.markup import escape

    return escape(text)
