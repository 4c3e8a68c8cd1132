"""Markdown tables of readings.

Belongs here: medians, spreads and ratios of what was read. Does not: measuring, or where tables go
(`results`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks.contenders import CONTENDERS
from benchmarks.readings import Readings

BASE = "lower_bound"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], names: int = 1) -> str:
    """A table; all columns but some at the beginning, the names, are numbers."""
    ruler = [*["---"] * names, *["---:"] * (len(header) - names)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ruler, *rows))


def spread(values: Sequence[float], places: int = 2) -> str:
    """The median, and the least and the greatest if there are several."""
    middle = f"{median(values):,.{places}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{places}f} to {max(values):,.{places}f})"


def size_table(readings: Readings) -> str:
    """What each contender took for each size, and how often the lower bound of the same round."""
    rows: list[list[str]] = []
    for size in dict.fromkeys(run["size"] for run in readings.of(kind="run")):
        base = {run["round"]: run["cpu"] for run in _runs(readings, size, BASE)}
        for name, contender in CONTENDERS.items():
            runs, label = _runs(readings, size, name), [_said(size), contender.title]
            if not runs:
                reasons = readings.of(kind="left out", size=size, contender=name)
                rows += [[*label, f"not run: {one['reason']}", "", "", ""] for one in reasons]
                continue
            others = runs if name != BASE else []
            ratios = [run["cpu"] / base[run["round"]] for run in others if run["round"] in base]
            rows.append(
                [
                    *label,
                    spread([run["cpu"] for run in runs]),
                    spread([run["wall"] for run in runs]),
                    spread([run["mebibytes"] for run in runs], 0),
                    spread(ratios) if ratios else "",
                ]
            )
    header = ["days x lines", "", "CPU seconds", "wall seconds", "peak MiB", "ratio of CPU"]
    return markdown(header, rows, names=2)


def load_table(readings: Readings) -> str:
    """What loading the code location takes."""
    loads = readings.of(kind="load")
    if not loads:
        return "Loading the code location was not measured."
    cells = [
        spread([load["cpu"] for load in loads]),
        spread([load["wall"] for load in loads]),
        spread([load["mebibytes"] for load in loads], 0),
        spread([load["modules"] for load in loads], 0),
    ]
    header = ["", "CPU seconds", "wall seconds", "peak MiB", "modules"]
    return markdown(header, [["import of sales_assets.definitions", *cells]])


def machine_table(readings: Readings) -> str:
    """What the figures depend on."""
    told = {**readings.machine, "code": readings.code}
    return "\n".join(f"- {name}: {text}" for name, text in told.items())


def _runs(readings: Readings, size: str, contender: str) -> list[dict[str, Any]]:
    return readings.of(kind="run", size=size, contender=contender)


def _said(size: str) -> str:
    """365x20000 as 365 x 20,000."""
    numbers, *more = size.split()
    return " ".join([" x ".join(f"{int(number):,}" for number in numbers.split("x")), *more])
