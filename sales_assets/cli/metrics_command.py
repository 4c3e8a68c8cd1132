"""`sales-assets metrics`: the installation's numbers for Prometheus.

Belongs here: the command. Does not: the numbers, or serving them (`metrics.exporter`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def metrics(
    once: Annotated[bool, typer.Option("--once", help="Print the numbers and end.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 9464,
    workspace: Annotated[
        Path | None,
        typer.Option(help="The file of the code locations; default: that of the UI."),
    ] = None,
) -> None:
    """Serve the numbers of an installation without teams; `serve` does so where there are teams."""
    from sales_assets.cli.output import err
    from sales_assets.metrics import exporter
    from sales_assets.settings import Settings

    settings = Settings.load()
    if once:
        with exporter.opened(settings, workspace) as page:
            typer.echo(page.text(), nl=False)
        return
    err.print(f"Serving http://{host}:{port}/metrics", soft_wrap=True, markup=False)
    exporter.serve(settings, host, port, workspace)
