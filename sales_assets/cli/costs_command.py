"""`sales-assets costs`: who used how much in some days, and what it costs.

Belongs here: the command, its days, its tables. Does not: the sums (`costs.bill`).
"""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sales_assets.cli.output import out
from sales_assets.costs.amounts import By

if TYPE_CHECKING:
    from sales_assets.costs.bill import Bill, Line
    from sales_assets.partitions import Window


class Form(StrEnum):
    """How the bill is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def costs(
    by: Annotated[By, typer.Option("--by", help="What there is a row for.")] = By.TEAM,
    month: Annotated[
        str | None, typer.Option("--month", help="Like 2024-05; default: this month.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First day (UTC), instead of a month.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="The day after the last one; default: after today."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", "-f")] = Form.TABLE,
) -> None:
    """CPU, memory, bytes, credits and their price: by team, source, asset, step or run."""
    from datetime import UTC, datetime

    from sales_assets.costs.bill import bill
    from sales_assets.costs.closing import teams_of
    from sales_assets.costs.entries import entries
    from sales_assets.costs.ledger import Ledger
    from sales_assets.costs.pricing import Prices
    from sales_assets.settings import Settings

    now, settings = datetime.now(UTC), Settings.load()
    window = _window(month, since, until, now.date())
    ledger, teams = Ledger(settings.catalogue_address), teams_of(settings)
    prices = Prices.of(ledger, teams, now.date())
    found = bill(entries(ledger, window, now), by, prices)
    match form:
        case Form.JSON:
            told = {
                "since": window.start.isoformat(),
                "until": window.end.isoformat(),
                "currency": found.currency,
                "rows": [_told(line, by, found.currency) for line in found.lines],
                "total": _told(found.total, by, found.currency),
            }
            out.print(json.dumps(told, indent=2), markup=False, soft_wrap=True)
        case Form.CSV:
            rows = [_told(line, by, found.currency) for line in [*found.lines, found.total]]
            writer = csv.DictWriter(sys.stdout, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        case Form.TABLE:
            _print(found, by, window)


def _window(month: str | None, since: str | None, until: str | None, today: date) -> Window:
    """The days that are meant; raises UsageError for what are none."""
    from sales_assets.costs.bill import month_of
    from sales_assets.errors import UsageError
    from sales_assets.partitions import DAY, Window

    if month is not None and (since or until):
        raise UsageError("--month and --since or --until: give one of them")
    if since is None and until is not None:
        raise UsageError("--until needs --since")
    if since is None:
        text = month or today.strftime("%Y-%m")
        return month_of(_day(f"{text}-01", "--month", text, "a month like 2024-05"))
    first = _day(since, "--since", since, "a day like 2024-05-31")
    end = _day(until, "--until", until, "a day like 2024-05-31") if until else today + DAY
    if end <= first:
        raise UsageError(f"--since {first} --until {end}: no day lies between; --until is after it")
    return Window(first, end)


def _day(text: str, option: str, given: str, wanted: str) -> date:
    from sales_assets.errors import UsageError

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {given}: is not {wanted}") from error


def _told(line: Line, by: By, currency: str | None) -> dict[str, Any]:
    """A line with all digits, numbers as text: JSON and CSV have no exact ones."""
    from sales_assets.costs.pricing import shown

    used = line.amounts
    return {
        by.value: line.name,
        "of_team": line.team,
        "idle": line.idle,
        "cpu_seconds": f"{used.cpu_seconds:f}",
        "wall_seconds": f"{used.wall_seconds:f}",
        "peak_bytes": line.peak,
        "gigabyte_hours": f"{used.gigabyte_hours:f}",
        "bytes_read": used.read,
        "bytes_written": used.written,
        "credits": f"{used.credit_count:f}",
        "cost": f"{shown(line.money, 9):f}" if currency else "",
        "unfinished": line.unfinished,
    }


def _print(found: Bill, by: By, window: Window) -> None:
    from rich.table import Table

    table = Table(by.value, box=None, title=f"{window}, UTC", title_justify="left")
    names = ["CPU s", "wall s", "peak MB", "GB h", "MB read", "MB written", "credits"]
    for name in [*names, *([found.currency] if found.currency else [])]:
        table.add_column(name, justify="right", no_wrap=True)
    for line in found.lines:
        table.add_row(*_cells(line, found.currency))
    table.add_section()
    table.add_row(*_cells(found.total, found.currency), style="bold")
    out.print(table)
    if found.total.unfinished:
        out.print(
            f"{found.total.unfinished:,} steps or runs (marked *) have not told their end: they "
            "are under way, or were killed and are here up to the last seconds before.",
            soft_wrap=True,
        )
    if found.currency is None:
        out.print("Without SALES_ASSETS_TEAMS_FILE, which has rates, nothing has a price.")


def _cells(line: Line, currency: str | None) -> list[str]:
    from sales_assets.costs.pricing import shown

    used = line.amounts
    name = f"{line.name} of {line.team}" if line.idle and line.team else line.name
    cells = [
        f"{name} *" if line.unfinished else name,
        f"{used.cpu_seconds:,.2f}",
        f"{used.wall_seconds:,.2f}",
        f"{line.peak / 1e6:,.0f}" if line.peak else "-",
        f"{used.gigabyte_hours:,.3f}",
        f"{used.read / 1e6:,.2f}",
        f"{used.written / 1e6:,.2f}",
        f"{used.credit_count:,.3f}" if used.credits else "-",
    ]
    return [*cells, f"{shown(line.money):,.4f}"] if currency else cells
