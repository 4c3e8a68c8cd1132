"""`sales-assets rates`: how the exchange rates stand, and letting one in.

Belongs here: these commands and what they print. Does not: anything beyond calling what does the
work.
"""

from __future__ import annotations

from typing import Annotated

import typer

from sales_assets.cli.output import out

rates_app = typer.Typer(
    no_args_is_help=True, help="Exchange rates: how they stand, letting one in."
)


@rates_app.command()
def show() -> None:
    """Say where rates come from, how the API does, which days are behind, what was put aside."""
    from sales_assets.exchange_rates.overview import overview
    from sales_assets.resources.build import build_resources
    from sales_assets.settings import Settings

    for line in overview(build_resources(Settings.load())):
        out.print(line, soft_wrap=True, markup=False)


@rates_app.command()
def accept(
    day: Annotated[str, typer.Argument(help="Day of the publication, like 2024-03-01.")],
    currency: Annotated[str, typer.Argument(help="ISO 4217 code, like USD.")],
) -> None:
    """Let in a rate that was put aside because it moved too far."""
    from sales_assets.exchange_rates.overview import let_in
    from sales_assets.resources.build import build_resources
    from sales_assets.settings import Settings

    value = let_in(build_resources(Settings.load()), day, currency)
    out.print(
        f"{day}: 1 EUR = {value} {currency} may enter. The sensor, or `sales-assets materialize "
        "--missing`, computes the days that it is valid for.",
        soft_wrap=True,
    )
