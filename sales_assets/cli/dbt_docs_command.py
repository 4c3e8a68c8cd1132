"""`sales-assets dbt-docs`: dbt's documentation of the models as a page.

Belongs here: the command and what it prints. Does not: making the page (`dbt_docs`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sales_assets.cli.output import out


def dbt_docs(
    page: Annotated[Path, typer.Argument(help="The HTML file to write, like dbt_docs.html.")],
) -> None:
    """Write dbt's documentation of models, metrics and exposures; it opens without a network."""
    from sales_assets.dbt_docs import write_dbt_docs
    from sales_assets.resources.build import dbt_location
    from sales_assets.settings import Settings

    write_dbt_docs(dbt_location(Settings.load()), page)
    out.print(f"Documentation: {page}", soft_wrap=True)
