"""`sales-assets`: landing drops, materialising days, asking the warehouse.

Belongs here: commands, options and what they print. Does not: anything a command does beyond
calling it. An expected error is one message and exit code 1 (2 for wrong usage).
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sales_assets.cli_rates import rates_app
from sales_assets.cli_setup import setup_app
from sales_assets.cli_worker import worker
from sales_assets.errors import SalesAssetsError, UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sales CSVs to revenue that can be trusted: land drops, materialise days, ask questions.",
)
app.add_typer(rates_app, name="rates")
app.add_typer(setup_app, name="setup")
app.command()(worker)
WIDTH = None if sys.stdout.isatty() else 120
"""Without a terminal nothing says how wide a table may be."""
out = Console(highlight=False, width=WIDTH)
err = Console(stderr=True, highlight=False)

SourceOption = Annotated[
    str | None, typer.Option("--source", "-s", help="A source, like pizzaplace; default: all.")
]
FromOption = Annotated[str | None, typer.Option("--from", help="First day, like 2024-01-01.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day, included.")]


class Format(StrEnum):
    """How `query` prints its rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class CheckFormat(StrEnum):
    """How `check` prints what it found."""

    TABLE = "table"
    JSON = "json"


@app.command()
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


@app.command()
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
    format: Annotated[CheckFormat, typer.Option("--format", "-f")] = CheckFormat.TABLE,  # noqa: A002
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


@app.command()
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


@app.command()
def materialize(
    source: SourceOption = None,
    first: FromOption = None,
    last: ToOption = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only days that are not as their drops are.")
    ] = False,
) -> None:
    """Materialise raw, staged and revenue of sources, and the marts above them."""
    from sales_assets.materialize import Materializer
    from sales_assets.settings import Settings

    with _progress(), Materializer(Settings.load()) as materializer:
        runs = materializer.plan(source, first, last, missing=missing)
        if not runs:
            out.print(
                "Everything is as the drops are; nothing to do."
                if missing
                else "No day of a source's history was asked for; nothing to do."
            )
        try:
            failures = materializer.run(runs)
        except KeyboardInterrupt:
            err.print("Interrupted. What was done stays done; the same command does the rest.")
            raise typer.Exit(130) from None
        out.print(materializer.summary())
        if materializer.report.is_file():
            out.print(f"Report: {materializer.report}")
        out.print("`make ui` opens the Dagster UI on port 3000.")
    if failures:
        for failure in failures:
            err.print(f"[bold red]Failed:[/] {failure}", soft_wrap=True)
        raise typer.Exit(1)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; tables by their bare names.")],
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.TABLE,  # noqa: A002
) -> None:
    """Ask the warehouse; nothing can be changed this way."""
    from sales_assets.query import print_rows
    from sales_assets.resources.build import build_warehouse
    from sales_assets.settings import Settings

    with _waiting():
        names, rows = build_warehouse(Settings.load(), for_people=True).select(sql)
    print_rows(out, names, rows, format.value)


@app.command()
def trace(
    place: Annotated[
        str | None, typer.Argument(help="FILE:LINE, to see what became of that line.")
    ] = None,
    source: SourceOption = None,
    day: Annotated[str | None, typer.Option("--day", help="Order date, like 2024-01-01.")] = None,
    product: Annotated[str | None, typer.Option("--product", help="As the marts name it.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="An order_id.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="As the marts name it.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows to show.")] = 50,
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.TABLE,  # noqa: A002
) -> None:
    """Follow a number to the lines of the files behind it, or a line to what became of it."""
    from sales_assets.contracts.load import load_contracts
    from sales_assets.planning import find_contract, parse_window
    from sales_assets.query import print_rows
    from sales_assets.resources.build import build_warehouse
    from sales_assets.settings import Settings
    from sales_assets.tracing import behind, fate

    settings = Settings.load()
    warehouse = build_warehouse(settings, for_people=True)
    with _waiting():
        if place is not None:
            answer = fate(warehouse, place)
        else:
            answer = behind(
                warehouse,
                limit=limit,
                source=source
                and find_contract(load_contracts([settings.contracts_folder]), source).name,
                day=parse_window(day, None)[0],
                product=product,
                order=order,
                region=region,
            )
    print_rows(out, answer.names, answer.rows, format.value)
    if format is Format.TABLE and answer.told:
        out.print(answer.told)


@app.command()
def status() -> None:
    """Sources, what they hold, and drops that were refused."""
    from sales_assets.materialize import Materializer
    from sales_assets.settings import Settings

    with _waiting(), Materializer(Settings.load()) as materializer:
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


@app.command()
def prepare() -> None:
    """Parse the dbt project; needed once after an installation or a change of dbt_project."""
    from sales_assets.dbt_manifest import prepare as prepare_dbt
    from sales_assets.resources.build import dbt_location
    from sales_assets.settings import Settings

    changed = prepare_dbt(dbt_location(Settings.load()))
    out.print("dbt project parsed." if changed else "dbt project unchanged.")


@app.command()
def ui(
    port: Annotated[int, typer.Option("--port", "-p")] = 3000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the Dagster UI and its daemon on the instance that the commands use."""
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.settings import PROJECT, Settings

    settings = Settings.load()
    with embedded_instance(settings.dagster_home, settings):
        pass  # Opening it makes what is not there: the folder, its configuration, limits.
    dagster = Path(sys.executable).parent / "dagster"
    workspace = str(PROJECT / "workspace.yaml")
    arguments = ["dev", "-w", workspace, "--port", str(port), "--host", host]
    os.execv(dagster, [str(dagster), *arguments])  # noqa: S606 (nothing of the user is in it)


@contextmanager
def _progress() -> Iterator[None]:
    """Show what the assets tell while they work, with the seconds since the start."""
    start = time.monotonic()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", None)
            text = meta["orig_message"] if meta else record.getMessage()
            err.print(f"{time.monotonic() - start:6.1f} s  {text}", soft_wrap=True, markup=False)

    logger = logging.getLogger("sales_assets")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = Handler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def _waiting() -> Iterator[None]:
    """Show only that a command waits for another one."""
    with _progress():
        logging.getLogger("sales_assets").setLevel(logging.WARNING)
        yield


def main() -> None:
    """Run the command line; turn expected errors into a message and an exit code."""
    # Modules and events are made to stay: looking through all of them after every 700 new
    # objects, Python's default, took a tenth of a command's CPU.
    gc.set_threshold(50_000, 20, 100)
    try:
        app()
    except SalesAssetsError as error:
        err.print(f"[bold red]Error:[/] {typer_escape(str(error))}", soft_wrap=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)


def typer_escape(text: str) -> str:
    """Text that Rich prints as it is."""
    from rich.markup import escape

    return escape(text)
