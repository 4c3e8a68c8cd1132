"""`sales-assets serve`: the UI for many teams.

Belongs here: the command. Does not: the server (`platform.serving`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
    workspace: Annotated[
        Path | None,
        typer.Option(help="The file of the code locations; default: what `deploy` has written."),
    ] = None,
) -> None:
    """Serve the UI to the teams of SALES_ASSETS_TEAMS_FILE, to each person as their roles say."""
    from sales_assets.cli.output import err
    from sales_assets.platform import serving
    from sales_assets.platform.assembling import assembled
    from sales_assets.settings import Settings

    settings = Settings.load()
    teams = serving.teams_of(settings)
    file = workspace or serving.default_workspace(settings)
    with assembled(settings, teams) as parts:
        shown = settings.public_url or f"http://{host}:{port}"
        err.print(f"Serving {file} on {shown}", soft_wrap=True, markup=False)
        is_behind_tls = shown.startswith("https:")
        serving.serve(settings, serving.Address(host, port, is_behind_tls), file, teams, parts)
