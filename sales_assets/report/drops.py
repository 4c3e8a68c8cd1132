"""What came in: a source's drops by their day, and what became of their lines.

Belongs here: lines, accepted and rejected, over time. Does not: revenue, which goes by the order
date (`figures`), why lines were rejected (`reasons`), or days without a drop (`freshness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sales_assets.report.periods import Step, spanned, start_of, step_of
from sales_assets.report.rows import DropRow


@dataclass(frozen=True)
class DropPeriod:
    """The drops of the day, month or year that begins at `start`."""

    start: date
    lines: int
    rejected: int


@dataclass(frozen=True)
class Drops:
    """Everything that the ledger says of a source; days are those with lines."""

    days: tuple[date, ...]
    lines: int
    accepted: int
    rejected: int
    loaded_at: datetime | None
    step: Step
    periods: tuple[DropPeriod, ...]
    """Every day or month from the first drop to the last, also without drops; years with drops."""


def drops_of(rows: Sequence[DropRow]) -> Drops:
    """What a source's rows, in the order of days, come to."""
    held = [row for row in rows if row.held]
    days = tuple(row.day for row in held)
    step = step_of(days[0], days[-1]) if days else Step.DAY
    known = {
        start: _period(start, list(own))
        for start, own in groupby(held, lambda row: start_of(row.day, step))
    }
    return Drops(
        days=days,
        lines=sum(row.lines for row in rows),
        accepted=sum(row.accepted for row in rows),
        rejected=sum(row.refused for row in rows),
        loaded_at=max((row.loaded_at for row in rows), default=None),
        step=step,
        periods=tuple(known.get(start) or _period(start, []) for start in spanned(days, step)),
    )


def _period(start: date, rows: Sequence[DropRow]) -> DropPeriod:
    return DropPeriod(start, sum(row.lines for row in rows), sum(row.refused for row in rows))
