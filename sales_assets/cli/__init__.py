"""`sales-assets`: the command line.

Belongs here: which commands there are, and how errors end them. Does not: a command (the modules
here have them, in groups), or anything that a command does beyond calling it. An expected error is
one message and exit code 1 (2 for wrong usage).
"""

from __future__ import annotations

import sys

import typer

from sales_assets.cli.alerts import alerts_app
from sales_assets.cli.audit import audit_app
from sales_assets.cli.backfill_command import backfill
from sales_assets.cli.backup_command import backup, restore
from sales_assets.cli.costs_command import costs
from sales_assets.cli.dbt_docs_command import dbt_docs
from sales_assets.cli.deploy import deploy_app
from sales_assets.cli.doctor_command import doctor
from sales_assets.cli.drops import check, infer, land
from sales_assets.cli.heal_command import heal
from sales_assets.cli.metrics_command import metrics
from sales_assets.cli.output import err
from sales_assets.cli.platform_command import platform
from sales_assets.cli.prune import prune
from sales_assets.cli.questions import query, trace
from sales_assets.cli.queue_command import queue
from sales_assets.cli.rates import rates_app
from sales_assets.cli.runs import materialize, prepare, ui
from sales_assets.cli.serve_command import serve
from sales_assets.cli.setup import setup_app
from sales_assets.cli.status_command import status
from sales_assets.cli.teams_command import teams
from sales_assets.cli.tokens import tokens_app
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
    *(heal, backfill, backup, restore),
    *(doctor, prune, prepare, dbt_docs, ui, metrics, worker),
    *(platform, serve, teams, queue, costs),
):
    app.command()(command)
app.add_typer(alerts_app, name="alerts")
app.add_typer(audit_app, name="audit")
app.add_typer(rates_app, name="rates")
app.add_typer(setup_app, name="setup")
app.add_typer(tokens_app, name="token")
app.add_typer(deploy_app, name="deploy")


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
