"""`sales-assets status`: how far each source is, and what needs somebody in each team.

Belongs here: the command and what it prints. Does not: what it calls (`materialize`, `operations`),
or what a line about a team says (`operations.wording`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out, waiting

if TYPE_CHECKING:
    from sales_assets.operations.gathering import Gathering
    from sales_assets.operations.standing import Costs, Item, Operations
    from sales_assets.settings import Settings


def status(
    team: Annotated[
        str | None, typer.Option("--team", help="Only how this team stands, and no table.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="Write the operations page to this file instead. A private team is on it only if "
            "--team names it.",
        ),
    ] = None,
    form: TableOrJsonOption = TableOrJson.TABLE,
) -> None:
    """What sources hold, what was refused; per team what is late, failing, parked, costly.

    With an option the warehouse is not opened, so that nothing waits for a run that writes there;
    drops are then those that the catalogue knows.
    """
    from sales_assets.settings import Settings

    settings = Settings.load()
    if team is None and html is None and form is TableOrJson.TABLE:
        _print_sources(settings)
    with waiting(), _gathering(settings) as gathering:
        teams = gathering.teams()
        found = gathering.look(teams=teams)
        if team is not None and not found.of(team).teams:
            from sales_assets.errors import UsageError

            names = ", ".join(one.team for one in found.teams if one.team)
            raise UsageError(f"--team {team}: there is no such team; there are {names}")
    if html is not None:
        from sales_assets.operations.page import render
        from sales_assets.operations.privacy import for_readers
        from sales_assets.report.links import Links
        from sales_assets.resources.files import whole
        from sales_assets.resources.report_folder import PAGE

        shown = for_readers(found, teams, is_shared=settings.teams_file is not None, team=team)
        beside = (html.absolute().parent / PAGE).is_file()
        page = render(shown, Links(settings.ui_address), beside_report=beside)
        with whole(html.absolute()) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
        out.print(f"Operations page: {html}", markup=False, soft_wrap=True)
    elif form is TableOrJson.JSON:
        from sales_assets.operations.as_json import told

        out.print(json.dumps(told(found.of(team)), indent=2), markup=False, soft_wrap=True)
    else:
        _print_teams(found.of(team))


@contextmanager
def _gathering(settings: Settings) -> Iterator[Gathering]:
    """What says how teams stand, with the instance open."""
    from sales_assets.contracts.load import load_contracts
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.instance.runs import RunStarter
    from sales_assets.operations.gathering import Gathering
    from sales_assets.operations.known import known_of
    from sales_assets.settings import PROJECT

    settings.refuse_part()
    contracts = load_contracts([settings.contracts_folder])
    starter = RunStarter(PROJECT / "workspace.yaml")
    known = known_of(settings, contracts, starter.specs(), starter.check_specs())
    with embedded_instance(settings.dagster_home, settings) as instance:
        yield Gathering(settings, known, instance)


def _print_teams(operations: Operations) -> None:
    """A line for each team, and below it what there is to do."""
    from sales_assets.operations.wording import name_of, verdict

    for standing in operations.teams:
        _line(f"{name_of(standing)}: {verdict(standing)}", bold=not standing.is_well)
        for word, items in (
            ("late", standing.late),
            ("failing", standing.failing),
            ("parked", standing.parked),
        ):
            for item in items:
                _print_item(word, item)
        _print_costs(standing.costs)


def _print_item(word: str, item: Item) -> None:
    from sales_assets.operations.wording import since

    subject = f"{item.subject}: " if item.subject else ""
    tries = f", after {item.attempts} attempts" if item.attempts else ""
    moment = f", since {since(item.since)}" if item.since else ""
    _line(f"  {word}: {subject}{item.what}{tries}{moment}")
    for line in item.cause.splitlines():
        _line(f"    {line}")
    if item.command:
        _line(f"    To do: {item.command}")


def _print_costs(costs: Costs) -> None:
    from sales_assets.operations.wording import against_budget, budget_level, costs_command

    if costs.level.is_told:
        most = ", ".join(one.asset for one in costs.assets[:3])
        _line(f"  {budget_level(costs)}: {against_budget(costs)}")
        if most:
            _line(f"    The most by {most}")
        _line(f"    To do: {costs_command(costs)}")
    if costs.note:
        _line(f"  {costs.note}")


def _line(text: str, *, bold: bool = False) -> None:
    out.print(text, markup=False, soft_wrap=True, style="bold" if bold else None)


def _print_sources(settings: Settings) -> None:
    """The table of sources, and what of their drops is not as it should be."""
    from rich.markup import escape

    from sales_assets.healing import parked
    from sales_assets.materialize import Materializer

    with waiting(), Materializer(settings) as materializer:
        out.print(materializer.summary(seconds=False))
        for source in materializer.without_contract():
            err.print(
                f"[bold red]No contract:[/] the rows of {source} stay in the warehouse and the "
                "marts; bring its contract back, or delete them",
                soft_wrap=True,
            )
        for state in materializer.state():
            due = f"{state.due:,} days are due" if state.due else "up to date"
            out.print(f"{state.source}: {due}")
            if state.lines_outside:
                err.print(
                    f"[bold yellow]Not loaded:[/] {state.lines_outside:,} lines of {state.source} "
                    "lie outside of the contract's history or after today",
                    soft_wrap=True,
                )
            for reason in state.refused:
                err.print(f"[bold red]Refused:[/] {reason}", soft_wrap=True)
    for span in parked(settings.catalogue_address):
        err.print(
            f"[bold red]Parked:[/] {span.source}, {span.window}, since {span.since:%Y-%m-%d %H:%M} "
            f"UTC, after {span.attempts} attempts: {escape(span.last_error)}\n  Mend the cause; "
            f"`sales-assets heal --unpark {span.source} {span.window}` asks again",
            soft_wrap=True,
        )
