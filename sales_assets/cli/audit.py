"""`sales-assets audit`: who did what, and whether the log of it is whole.

Belongs here: these commands and what they print. Does not: anything beyond calling what does the
work.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import out
from sales_assets.cli.questions import Format, FormatOption

if TYPE_CHECKING:
    from sales_assets.platform.audit.rows import Head
    from sales_assets.platform.audit.verify import Verification

audit_app = typer.Typer(
    no_args_is_help=True, help="The audit log: who did what, and whether it is whole."
)
_IN_TABLE = ("number", "time", "user", "team", "operation", "target", "outcome", "detail")
"""What a terminal has room for."""
_MOMENT = "2026-11-26, 2026-11-26T09:30 (UTC), or so long ago: 90m, 2h, 3d, 1w."


@audit_app.command()
def show(
    user: Annotated[str | None, typer.Option("--user", help="Who did it.")] = None,
    team: Annotated[str | None, typer.Option("--team", help="Whose things it was about.")] = None,
    operation: Annotated[
        str | None, typer.Option("--operation", help="Like launchRun or sign-in.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help=f"From then on: {_MOMENT}")] = None,
    until: Annotated[str | None, typer.Option("--until", help=f"Before: {_MOMENT}")] = None,
    outcome: Annotated[
        str | None,
        typer.Option("--outcome", help="succeeded, refused, denied, failed, under-way or unknown."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 100,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List operations with their outcomes, the newest last."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from sales_assets.errors import UsageError
    from sales_assets.platform.audit.moments import parse_moment
    from sales_assets.platform.audit.opening import open_audit_log
    from sales_assets.platform.audit.operations import Ended, Operation, Wanted
    from sales_assets.query import print_rows
    from sales_assets.settings import Settings

    now = datetime.now(UTC)
    if outcome is not None and outcome not in list(Ended):
        raise UsageError(f"No operation ends as {outcome!r}; outcomes: {', '.join(Ended)}")
    wanted = Wanted(
        user=user,
        team=team,
        operation=operation,
        since=None if since is None else parse_moment(since, now),
        until=None if until is None else parse_moment(until, now),
        outcome=None if outcome is None else Ended(outcome),
        limit=limit,
    )
    with closing(open_audit_log(Settings.load(), write=False)) as log:
        found = [asdict(one) for one in log.operations(wanted)]
    names = _IN_TABLE if format is Format.TABLE else Operation.__slots__
    print_rows(out, names, [[one[name] for name in names] for one in found], format.value)


@audit_app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option("--head", help="NUMBER:HASH, as published or noted before."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="An export, instead of the log.")
    ] = None,
) -> None:
    """Recompute the whole chain; exit code 1 if it is broken, and what is wrong with which rows."""
    from sales_assets.platform.audit.export import read
    from sales_assets.platform.audit.opening import audit_keys, open_audit_log
    from sales_assets.platform.audit.rows import Head
    from sales_assets.platform.audit.verify import follow
    from sales_assets.settings import Settings

    settings = Settings.load()
    published = None if head is None else Head.parse(head)
    if file is None:
        with closing(open_audit_log(settings, write=False)) as log:
            done = log.verify(published)
    else:
        done = follow(read(file), audit_keys(settings), head=published)
    _tell(done, published)
    if not done.is_intact:
        raise typer.Exit(1)


@audit_app.command(name="head")
def print_head() -> None:
    """Print NUMBER:HASH of the last row: note it elsewhere, and give it to `verify` later."""
    from sales_assets.platform.audit.opening import open_audit_log
    from sales_assets.settings import Settings

    with closing(open_audit_log(Settings.load(), write=False)) as log:
        out.print(str(log.head()), soft_wrap=True)


@audit_app.command()
def accept() -> None:
    """Let a broken log count as it is from now on, once it is known why it is broken.

    The log and the asset platform/audit_log then have on record that this was done.
    """
    from sales_assets.assets.audit_head import accept_audit_log
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.settings import Settings, find_dagster_home

    settings = Settings.load()
    with embedded_instance(find_dagster_home(settings), settings) as instance:
        done = accept_audit_log(settings, instance)
    for line in done.told():
        out.print(line, soft_wrap=True, markup=False)
    out.print(f"Counts as it is from now on, up to row {done.head.number:,}.", soft_wrap=True)


@audit_app.command()
def export(
    to: Annotated[Path, typer.Option("--to", help="The file, of JSON lines.")],
) -> None:
    """Write all rows to a file that `verify --file` verifies without the database."""
    from sales_assets.platform.audit.export import export as write
    from sales_assets.platform.audit.opening import open_audit_log
    from sales_assets.settings import Settings

    with closing(open_audit_log(Settings.load(), write=False)) as log:
        last = write(log.rows(), to)
    out.print(f"{to}: {last.number:,} rows; the head is {last}", soft_wrap=True, markup=False)


def _tell(done: Verification, published: Head | None) -> None:
    for line in done.told():
        out.print(line, soft_wrap=True, markup=False)
    if done.unconcluded_count:
        numbers = ", ".join(str(number) for number in done.unconcluded)
        more = ", ..." if done.unconcluded_count > len(done.unconcluded) else ""
        out.print(
            f"Outcome unknown, since a process has died: {done.unconcluded_count:,} (intents "
            f"{numbers}{more})",
            soft_wrap=True,
            markup=False,
        )
    state = "intact" if done.is_intact else "BROKEN"
    out.print(f"{done.rows:,} rows: {state}; the head is {done.head}", soft_wrap=True, markup=False)
    if published is None:
        out.print("Rows gone from the end show only with --head.", soft_wrap=True)
