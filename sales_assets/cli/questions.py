"""`sales-assets query` and `trace`: asking what was computed.

Belongs here: these commands and what they print. Does not: what they call.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sales_assets.cli.output import SourceOption, out, waiting


class Format(StrEnum):
    """How `query` prints its rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", "-f")]
RawOption = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="CSV with every text as it is. Without it, one that a spreadsheet would take for a "
        "formula gets an apostrophe in front.",
    ),
]


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; tables by their bare names.")],
    format: FormatOption = Format.TABLE,  # noqa: A002
    raw: RawOption = False,
) -> None:
    """Ask the warehouse; nothing can be changed this way."""
    from sales_assets.query import print_rows
    from sales_assets.resources.build import build_warehouse
    from sales_assets.settings import Settings

    with waiting():
        names, rows = build_warehouse(Settings.load(), for_people=True).select(sql)
    print_rows(out, names, rows, format.value, raw=raw)


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
    format: FormatOption = Format.TABLE,  # noqa: A002
    raw: RawOption = False,
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
    with waiting():
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
    print_rows(out, answer.names, answer.rows, format.value, raw=raw)
    if format is Format.TABLE and answer.told:
        out.print(answer.told)
