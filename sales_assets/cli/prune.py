"""`sales-assets prune`: deleting what old runs left.

Belongs here: the command and what it prints. Does not: what is old (`instance.retention`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import out

if TYPE_CHECKING:
    from sales_assets.instance.retention import Pruned


def prune(
    keep_days: Annotated[
        int | None,
        typer.Option(
            "--keep-days",
            min=0,
            max=36_500,
            help="Days to keep; default: SALES_ASSETS_KEEP_RUNS_DAYS, or 90.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be deleted.")
    ] = False,
) -> None:
    """Delete old runs, their events and logs; the state of every day of every asset stays."""
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.instance.retention import prune as prune_instance
    from sales_assets.settings import Settings

    settings = Settings.load()
    days = settings.keep_runs_days if keep_days is None else keep_days
    with embedded_instance(settings.dagster_home, settings) as instance:
        _print(prune_instance(instance, timedelta(days=days), dry_run=dry_run), dry_run=dry_run)


def _print(pruned: Pruned, *, dry_run: bool) -> None:
    done = "Would delete" if dry_run else "Deleted"
    out.print(f"{done}, of what was before {pruned.horizon:%Y-%m-%d %H:%M} UTC:")
    out.print(f"  {pruned.events:,} of {pruned.events_before:,} events")
    out.print(f"  {pruned.check_results:,} results of checks that later ones have replaced")
    out.print(f"  the logs of {pruned.runs:,} runs")
    out.print(f"  {pruned.records:,} runs altogether; others still stand for the state of a day")
    out.print(f"  {pruned.ticks:,} ticks of schedules and sensors")
    if dry_run:
        out.print(f"They are in {_megabytes(pruned.bytes_before)}.")
    else:
        out.print(
            f"{_megabytes(pruned.bytes_before)} before, {_megabytes(pruned.bytes_after)} after."
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
