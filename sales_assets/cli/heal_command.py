"""`sales-assets heal`: what is not as it should be, and mending it.

Belongs here: the command and what it prints. Does not: what is done (`healing.commands`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out, waiting

if TYPE_CHECKING:
    from sales_assets.healing.commands import Healing
    from sales_assets.healing.healer import Look
    from sales_assets.healing.state import Parked
    from sales_assets.partitions import Window

NO_DAEMON = (
    "No daemon runs: what was asked for waits until one does. `sales-assets ui` starts it; where "
    "it runs by itself, start `dagster-daemon run` again."
)


def heal(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    parked: Annotated[
        bool, typer.Option("--parked", help="List what is parked, and do nothing.")
    ] = False,
    unpark: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--unpark",
            metavar="SOURCE DAY..DAY",
            help="Let parked days be asked for again; SOURCE may be models.",
        ),
    ] = None,
    form: TableOrJsonOption = TableOrJson.TABLE,
) -> None:
    """Ask again for days that failed or were forgotten; end runs whose process is gone."""
    from sales_assets.healing.state import HealingState
    from sales_assets.settings import Settings

    settings = Settings.load()
    if parked:
        _print_parked(HealingState(url=settings.catalogue_address).parked(), form)
        return
    from sales_assets.healing.commands import Healing  # which loads all definitions

    with waiting(), Healing(settings) as healing:
        if unpark is not None:
            _unpark(healing, *unpark)
            return
        look = healing.look(keep=not dry_run)
        actions = actions_of(look)
        if not dry_run:
            for action, asked in zip(
                (one for one in actions if one["action"] == "request"),
                healing.heal(look),
                strict=True,
            ):
                action["backfill"] = asked.backfill
        if form is TableOrJson.JSON:
            out.print(json.dumps(actions, indent=2), markup=False, soft_wrap=True)
        else:
            _print_actions(actions)
        if not dry_run and not healing.is_daemon_there:
            err.print(f"[bold yellow]{NO_DAEMON}[/]", soft_wrap=True)


def actions_of(look: Look) -> list[dict[str, Any]]:
    """What a look asks for, ends and waits for, as JSON has it."""
    from sales_assets.partitions import contiguous

    found: list[dict[str, Any]] = [
        {"action": "end run", "target": dead.run_id, "days": [], "why": dead.why, "attempt": None}
        for dead in look.dead
    ]
    for one in look.targets:
        own = {"target": one.target.name, "team": one.target.team}
        found += [
            {
                "action": "request",
                **own,
                "days": [str(request.window)],
                "why": "; ".join(request.whys),
                "attempt": request.attempt,
            }
            for request in one.plan.requests
        ]
        found += [
            {
                "action": "wait",
                **own,
                "days": [str(window) for window in contiguous(wait.days)],
                "why": f"for {wait.reason}",
                "attempt": max(one.rows[day].attempts for day in wait.days),
            }
            for wait in one.plan.waits
        ]
    return found


def _print_actions(actions: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not actions:
        out.print("Every day is as it should be; nothing to do.")
        return
    table = Table("action", "what", "days", "why", "attempt", box=None)
    for name in ("days", "why"):
        next(c for c in table.columns if c.header == name).overflow = "fold"
    for action in actions:
        table.add_row(
            action["action"],
            escape(str(action["target"])),
            ", ".join(action["days"]),
            escape(action["why"]),
            "" if action["attempt"] is None else str(action["attempt"]),
        )
    out.print(table)
    for action in actions:
        if "backfill" in action:
            out.print(f"{action['target']} {action['days'][0]}: backfill {action['backfill']}")


def _print_parked(found: list[Parked], form: TableOrJson) -> None:
    from rich.markup import escape
    from rich.table import Table

    if form is TableOrJson.JSON:
        rows = [
            {
                "source": one.source,
                "team": one.team,
                "days": str(one.window),
                "since": one.since.isoformat(),
                "attempts": one.attempts,
                "last_error": one.last_error,
                "run_id": one.run_id,
            }
            for one in found
        ]
        out.print(json.dumps(rows, indent=2), markup=False, soft_wrap=True)
        return
    if not found:
        out.print("Nothing is parked.")
        return
    table = Table("source", "team", "days", "since", "attempts", "last error", box=None)
    table.columns[-1].overflow = "fold"
    for one in found:
        since, error = f"{one.since:%Y-%m-%d %H:%M} UTC", escape(one.last_error)
        table.add_row(one.source, one.team, str(one.window), since, str(one.attempts), error)
    out.print(table)


def _unpark(healing: Healing, name: str, span: str) -> None:
    from sales_assets.partitions import contiguous

    days = healing.unpark(name, parse_span(span))
    spans = ", ".join(map(str, contiguous(days)))
    out.print(
        f"{healing.target_name(name)}: {spans} are asked for again."
        if days
        else f"{healing.target_name(name)}: nothing of {span} is parked."
    )


def parse_span(text: str) -> Window:
    """The days that a person names: `2024-01-01`, or `2024-01-01..2024-01-31`."""
    from sales_assets.errors import UsageError
    from sales_assets.partitions import Window

    first, _, last = text.partition("..")
    try:
        return Window.of_keys(first, last or first)
    except ValueError as error:
        raise UsageError(
            f"{text}: are no days; write them as 2024-01-01..2024-01-31, or 2024-01-01"
        ) from error
