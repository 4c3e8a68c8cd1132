"""The figures of a day as metadata: one name for one thing, whatever the asset.

Belongs here: the names, which are the titles of the UI's plots over partitions, and what is a
number, which is plotted, and what is text, which is not. Does not: tables and pictures.

Numbers are floats only for the plots; exact sums stand beside them as text. Amounts of several
currencies are never added up to a number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import dagster as dg

from sales_assets.amounts import money
from sales_assets.contracts.figures import Figures

Told = dict[str, Any]
"""Metadata of an event: name -> value."""


def lines_told(lines: int, accepted: int, rejected: int) -> Told:
    """What became of a day's lines."""
    return {
        "lines": lines,
        "accepted": accepted,
        "rejected": rejected,
        "rejected_percent": 100 * rejected / lines if lines else 0.0,
    }


def totals_told(accepted: int, amount: Decimal, net_amount: Decimal, figures: Figures) -> Told:
    """Exact sums of the accepted lines, if these are known to have one currency, or there is none.

    Figures may be lacking because they could not be asked for.
    """
    if len(figures) != min(1, accepted):
        return {}
    return {"amount_exact": str(amount), "net_amount_exact": str(net_amount)}


def figures_told(figures: Figures) -> Told:
    """What a day's accepted lines come to; nothing of a day without any."""
    if not figures:
        return {}
    told: Told = {f"net revenue {item.currency}": float(item.net) for item in figures}
    if len(figures) == 1:
        [item] = figures
        told[f"gross revenue {item.currency}"] = float(item.gross)
        told[f"returned {item.currency}"] = float(item.returned)
        if item.orders is not None:
            told["orders"] = item.orders
    else:
        told["by currency"] = _by_currency(figures)
    told["late lines"] = sum(item.late_lines for item in figures)
    told["order dates"] = _span(
        min(item.first_date for item in figures).isoformat(),
        max(item.last_date for item in figures).isoformat(),
    )
    times = [t for item in figures for t in (item.first_time, item.last_time) if t is not None]
    if times:
        told["ordered at (UTC)"] = _span(
            *(f"{t:%Y-%m-%d %H:%M:%S}" for t in (min(times), max(times)))
        )
    return told


def _by_currency(figures: Figures) -> dg.MetadataValue[Any]:
    rows = [
        f"| {item.currency} | {item.lines:,} | {money(item.gross)} | {money(item.returned)} "
        f"| {money(item.net)} |"
        for item in figures
    ]
    head = "| currency | lines | gross revenue | returned | net revenue |"
    return dg.MetadataValue.md("\n".join([head, "| --- | ---: | ---: | ---: | ---: |", *rows]))


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"
