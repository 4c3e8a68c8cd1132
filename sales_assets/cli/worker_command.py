"""`sales-assets worker`: doing steps of other processes' runs.

Belongs here: the command. Does not: what a worker is (`workers`).
"""

from __future__ import annotations

from typing import Annotated

import typer


def worker(
    queue: Annotated[
        list[str] | None,
        typer.Option("--queue", "-q", help="stage or warehouse, also both; default: both."),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, help="Steps at a time, a process each.")
    ] = 1,
) -> None:
    """Do steps of runs, as a Celery worker; needs SALES_ASSETS_EXECUTOR=celery and a broker."""
    from sales_assets.settings import Settings
    from sales_assets.workers import QUEUES, work

    work(Settings.load(), queue or QUEUES, concurrency)
