"""Markdown tables of how costs grow.

Belongs here: what each day, source or drop more than the fewest costs. Does not: measuring
(`growth`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.readings import Readings
from benchmarks.tables import machine_table, markdown, spread


def growth_tables(readings: Readings) -> dict[str, str]:
    """The tables by the names of their places in RESULTS.md; those without readings are not."""
    made = {
        "machine of growth": machine_table(readings),
        "growth with days": _days(readings),
        "growth with sources": _sources(readings),
        "growth with drops": _files(readings),
    }
    return {name: table for name, table in made.items() if table}


def _days(readings: Readings) -> str:
    more = _for_each_more(readings, "days")
    return _table(
        readings,
        "days",
        {
            "CPU seconds": _spread("cpu"),
            "peak MiB": _spread("mebibytes", 0),
            "ms of CPU for each day more": lambda runs: more(runs, "cpu", 1000, 1),
            "events for each day more": lambda runs: more(runs, "events", 1, 1),
            "KiB of events for each day more": lambda runs: more(runs, "event_bytes", 1 / 1024, 1),
        },
    )


def _sources(readings: Readings) -> str:
    more = _for_each_more(readings, "sources")
    return _table(
        readings,
        "sources",
        {
            "load, CPU seconds": _spread("load_cpu"),
            "load, peak MiB": _spread("load_mebibytes", 0),
            "ms of load for each source more": lambda runs: more(runs, "load_cpu", 1000, 1),
            "one day, CPU seconds": _spread("cpu"),
            "one day, peak MiB": _spread("mebibytes", 0),
            "ms of one day for each source more": lambda runs: more(runs, "cpu", 1000, 0),
        },
    )


def _files(readings: Readings) -> str:
    return _table(
        readings,
        "files",
        {
            "ms of CPU, nothing new": _spread("quiet_cpu", 1, 1000),
            "statements": _spread("quiet_statements", 0),
            "drops opened": _spread("quiet_opened", 0),
            "ms of CPU, one new drop": _spread("new_cpu", 1, 1000),
            "statements ": _spread("new_statements", 0),
            "drops opened ": _spread("new_opened", 0),
        },
        first="drops processed before",
    )


Cell = Callable[[list[dict[str, Any]]], str]


def _table(
    readings: Readings, kind: str, columns: dict[str, Cell], first: str | None = None
) -> str:
    """One row for each count; empty without readings."""
    counts = sorted({reading["count"] for reading in readings.of(kind=kind)})
    rows = [
        [f"{count:,}", *(cell(readings.of(kind=kind, count=count)) for cell in columns.values())]
        for count in counts
    ]
    return markdown([first or kind, *map(str.strip, columns)], rows) if rows else ""


def _spread(name: str, places: int = 2, factor: float = 1) -> Cell:
    return lambda runs: spread([factor * run[name] for run in runs], places)


def _for_each_more(
    readings: Readings, kind: str
) -> Callable[[list[dict[str, Any]], str, float, int], str]:
    """What each one more than the fewest took, against the fewest of the same round."""
    counts = [reading["count"] for reading in readings.of(kind=kind)]
    fewest = min(counts, default=0)
    base = {one["round"]: one for one in readings.of(kind=kind, count=fewest)}

    def cell(runs: list[dict[str, Any]], name: str, factor: float, places: int) -> str:
        each = [
            factor * (run[name] - base[run["round"]][name]) / (run["count"] - fewest)
            for run in runs
            if run["round"] in base and run["count"] > fewest
        ]
        return spread(each, places) if each else ""

    return cell
