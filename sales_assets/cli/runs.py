"""`sales-assets materialize`, `prepare` and `ui`: what computes.

Belongs here: these commands and what they print. Does not: what they call.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sales_assets.cli.output import SourceOption, err, out, progress

FromOption = Annotated[str | None, typer.Option("--from", help="First day, like 2024-01-01.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day, included.")]


def materialize(
    source: SourceOption = None,
    first: FromOption = None,
    last: ToOption = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only days that are not as their drops are.")
    ] = False,
    marts: Annotated[
        bool,
        typer.Option(
            help="Also the dbt models and the reports; left out, they follow by automation, or by "
            "this command without the option."
        ),
    ] = True,
) -> None:
    """Materialise raw, staged and revenue of sources, and the marts above them."""
    from sales_assets.materialize import Materializer
    from sales_assets.settings import Settings

    with progress(), Materializer(Settings.load()) as materializer:
        runs = materializer.plan(source, first, last, missing=missing, marts=marts)
        if not runs:
            out.print(
                "Everything is as the drops are; nothing to do."
                if missing
                else "No day of a source's history was asked for; nothing to do."
            )
        try:
            failures = materializer.run(runs, marts=marts)
        except KeyboardInterrupt:
            err.print("Interrupted. What was done stays done; the same command does the rest.")
            raise typer.Exit(130) from None
        out.print(materializer.summary())
        if marts and materializer.report.is_file():
            out.print(f"Report: {materializer.report}")
            out.print("Beside it: the marts as SQLite and Parquet, and the data dictionary.")
        out.print("`make ui` opens the Dagster UI on port 3000.")
    if failures:
        for failure in failures:
            err.print(f"[bold red]Failed:[/] {failure}", soft_wrap=True)
        raise typer.Exit(1)


def prepare() -> None:
    """Parse the dbt project; needed once after an installation or a change of dbt_project."""
    from sales_assets.dbt_manifest import prepare as prepare_dbt
    from sales_assets.resources.build import dbt_location
    from sales_assets.settings import Settings

    changed = prepare_dbt(dbt_location(Settings.load()))
    out.print("dbt project parsed." if changed else "dbt project unchanged.")


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
