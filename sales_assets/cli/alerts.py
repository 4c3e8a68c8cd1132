"""`sales-assets alerts`: what is open, trying a route, and doing passes.

Belongs here: these commands and what they print. Does not: what they call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out, progress

alerts_app = typer.Typer(
    no_args_is_help=True, help="Alerts: what is open, where they go, and sending them."
)
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        help="The file of the code locations; default: what `deploy` has written, or else the "
        "project's."
    ),
]


@alerts_app.command("list")
def list_alerts(shape: TableOrJsonOption = TableOrJson.TABLE) -> None:
    """Show what is wrong and has not recovered, and messages that no channel took yet."""
    import json

    from rich.table import Table

    from sales_assets.alerts.opening import Alerts
    from sales_assets.alerts.outbox import waiting
    from sales_assets.settings import Settings

    store = Alerts(Settings.load()).store
    incidents, messages = store.read()[1], waiting(store.engine)
    if shape is TableOrJson.JSON:
        found = {
            "open": [
                {
                    "severity": one.told.severity.value,
                    "team": one.problem.team,
                    "source": one.problem.source,
                    "what": one.problem.what,
                    "since": one.told.opened.isoformat(),
                    "failures": one.told.failures,
                    "cause": one.problem.cause,
                    "affects": one.problem.affects,
                    "command": one.problem.command,
                }
                for one in incidents
            ],
            "waiting": [one._asdict() | {"not_before": str(one.not_before)} for one in messages],
        }
        out.print(json.dumps(found, indent=2), soft_wrap=True, markup=False)
        return
    if not incidents:
        out.print("Nothing is open.")
    else:
        table = Table("severity", "team", "since (UTC)", "times", "what", "to mend")
        for one in incidents:
            told, problem = one.told, one.problem
            table.add_row(
                *(told.severity.value, problem.team or "", f"{told.opened:%Y-%m-%d %H:%M}"),
                *(str(told.failures), problem.what, problem.command),
            )
        out.print(table)
    for message in messages:
        why = f": {message.error}" if message.error else ""
        err.print(
            f"Waiting for {message.channel} until {message.not_before:%Y-%m-%d %H:%M} UTC: "
            f"{message.title}{why}",
            soft_wrap=True,
            markup=False,
        )


@alerts_app.command("test")
def try_route(
    route: Annotated[
        str | None, typer.Argument(help="A route; left out, those there are are listed.")
    ] = None,
) -> None:
    """Send a test message by a route, at once and whatever the hour; without one list them."""
    from sales_assets.alerts.opening import Alerts
    from sales_assets.alerts.trying import send_test
    from sales_assets.settings import Settings

    alerts = Alerts(Settings.load())
    if route is None:
        for one in alerts.routes().all:
            whose = one.source or one.team or "what is nobody else's"
            out.print(f"{one.name}: {whose}, from {one.severity} on", markup=False, soft_wrap=True)
        return
    send_test(alerts.routes().named(route), alerts.wording)
    out.print(f"The route {route} took a test message.", markup=False, soft_wrap=True)


@alerts_app.command("route")
def route_once(workspace: WorkspaceOption = None) -> None:
    """Do one pass: see what is wrong, send what waits."""
    from sales_assets.alerts.watching import opened
    from sales_assets.settings import Settings

    with progress(), opened(Settings.load(), workspace) as router:
        out.print(f"{router.one_pass()}.")


@alerts_app.command()
def watch(
    workspace: WorkspaceOption = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two passes.")] = 30.0,
) -> None:
    """Do passes until Ctrl-C, beside the daemon: what tells of the daemon's own death."""
    from threading import Event

    from sales_assets.alerts.watching import opened
    from sales_assets.alerts.watching import watch as watching
    from sales_assets.settings import Settings

    with progress(), opened(Settings.load(), workspace) as router:
        err.print(f"Watching, every {every:g} seconds, until Ctrl-C.")
        try:
            watching(router, every, Event())
        except KeyboardInterrupt:
            err.print("Ended; messages that wait are sent by the next pass.")
