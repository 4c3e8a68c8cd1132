"""`sales-assets backfill`: asking the daemon for days that failed or are missing.

Belongs here: the command and what it prints. Does not: which days these are (`healing`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from sales_assets.cli.heal_command import NO_DAEMON
from sales_assets.cli.output import SourceOption, err, out, waiting
from sales_assets.cli.runs import FromOption, ToOption


def backfill(
    failed: Annotated[
        bool, typer.Option("--failed", help="Days that were tried and are not as they should be.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="All days that are not as they should be.")
    ] = False,
    source: SourceOption = None,
    first: FromOption = None,
    last: ToOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be asked for.")
    ] = False,
) -> None:
    """Ask the daemon for days, across assets, and return; parked days are asked for too.

    `materialize --missing` does the same days in its own process, and waits for them.
    """
    from datetime import date

    from sales_assets.errors import UsageError
    from sales_assets.healing.commands import Healing  # which loads all definitions
    from sales_assets.partitions import DAY, Window
    from sales_assets.planning import parse_window
    from sales_assets.settings import Settings

    if failed == missing:
        raise UsageError("say which days: --failed or --missing")
    start, end = parse_window(first, last)
    within = Window(start or date.min, end + DAY if end else date.max) if start or end else None
    with waiting(), Healing(Settings.load()) as healing:
        asked, left_out = healing.backfill(source, within, failed=failed, dry_run=dry_run)
        for one in asked:
            told = "would be asked for" if dry_run else f"backfill {one.backfill}"
            out.print(f"{one.target}: {', '.join(map(str, one.windows))}: {told}", soft_wrap=True)
        if not asked:
            what = "failed" if failed else "is missing"
            out.print(f"No day {what} that can be asked for; nothing to do.")
        for reason in left_out:
            err.print(f"[yellow]Left out:[/] {reason}", soft_wrap=True)
        if asked and not dry_run and not healing.is_daemon_there:
            err.print(f"[bold yellow]{NO_DAEMON}[/]", soft_wrap=True)
