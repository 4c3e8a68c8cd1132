"""Tables from readings, and their places in RESULTS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.growth_tables import growth_tables
from benchmarks.readings import Readings
from benchmarks.results import RESULTS, render
from benchmarks.tables import load_table, machine_table, size_table, spread


def run(contender: str, number: int, cpu: float, size: str = "365x20000") -> dict[str, Any]:
    key = {"kind": "run", "size": size, "contender": contender, "round": number}
    return {**key, "cpu": cpu, "wall": cpu / 2, "mebibytes": 100.0 * number}


def readings(*some: dict[str, Any]) -> Readings:
    return Readings(Path("unused"), {"processor": "an abacus"}, "c0de", list(some))


def test_ratios_are_to_the_lower_bound_of_the_same_round() -> None:
    # Medians of 3 and 8 would give 2.67.
    table = size_table(
        readings(
            *(run("lower_bound", number, cpu) for number, cpu in ((1, 2), (2, 3), (3, 10))),
            *(run("project", number, cpu) for number, cpu in ((1, 4), (2, 8), (3, 15))),
        )
    )
    assert table.splitlines()[-1] == (
        "| 365 x 20,000 | this project | 8.00 (4.00 to 15.00) | 4.00 (2.00 to 7.50) | "
        "200 (100 to 300) | 2.00 (1.50 to 2.67) |"
    )


def test_a_contender_that_was_left_out_has_a_reason_and_no_figure() -> None:
    left_out = {"kind": "left out", "size": "365x20000", "contender": "tutorial", "reason": "slow"}
    table = size_table(readings(run("lower_bound", 1, 2), left_out))
    assert table.splitlines()[-1] == (
        "| 365 x 20,000 | tutorial-style Dagster | not run: slow |  |  |  |"
    )


def test_a_contender_that_was_run_after_all_is_shown_with_its_figures() -> None:
    left_out = {"kind": "left out", "size": "365x20000", "contender": "tutorial", "reason": "slow"}
    table = size_table(readings(run("lower_bound", 1, 2), left_out, run("tutorial", 1, 9)))
    assert "not run" not in table
    assert "| 4.50 |" in table


def test_one_reading_has_no_spread() -> None:
    assert spread([1.234]) == "1.23"
    assert spread([1, 2, 6], 1) == "2.0 (1.0 to 6.0)"


def day(days: int, number: int, cpu: float) -> dict[str, Any]:
    figures = {"cpu": cpu, "mebibytes": 1, "events": 24 * days, "event_bytes": 1024 * days}
    return {"kind": "days", "count": days, "round": number, **figures}


def test_growth_is_what_each_one_more_than_the_fewest_takes() -> None:
    tables = growth_tables(
        readings(day(1, 1, 5.0), day(101, 1, 6.0), day(1, 2, 4.0), day(101, 2, 7.0))
    )
    assert list(tables) == ["machine of growth", "growth with days"]
    assert tables["growth with days"].splitlines()[-1] == (
        "| 101 | 6.50 (6.00 to 7.00) | 1 (1 to 1) | 20.0 (10.0 to 30.0) | "
        "24.0 (24.0 to 24.0) | 1.0 (1.0 to 1.0) |"
    )


def test_a_table_takes_the_place_of_the_one_before_and_prose_stays() -> None:
    text = "Before.\n\n<!-- a -->\nold\n<!-- end of a -->\n\nAfter \\1.\n"
    once = render(text, {"a": "| new \\1 |"})
    assert once == "Before.\n\n<!-- a -->\n| new \\1 |\n<!-- end of a -->\n\nAfter \\1.\n"
    assert render(once, {"a": "| new \\1 |"}) == once


@pytest.mark.parametrize("times", [0, 2])
def test_a_table_without_its_one_place_is_an_error(times: int) -> None:
    with pytest.raises(ValueError, match=f"is there {times} times, not once"):
        render("<!-- a --><!-- end of a -->" * times, {"a": "x"})


def test_every_table_has_its_place_in_the_results() -> None:
    all_kinds = readings(
        run("lower_bound", 1, 1.0),
        {"kind": "load", "cpu": 1, "wall": 1, "mebibytes": 1, "modules": 1},
        day(1, 1, 1.0),
        {
            "kind": "sources",
            "count": 1,
            "round": 1,
            "cpu": 1,
            "mebibytes": 1,
            "load_cpu": 1,
            "load_mebibytes": 1,
        },
        {
            "kind": "files",
            "count": 1,
            "round": 1,
            **{f"{kind}_{name}": 1 for kind in ("quiet", "new") for name in ("cpu", "statements")},
            "quiet_opened": 0,
            "new_opened": 1,
        },
    )
    tables = {
        "machine": machine_table(all_kinds),
        "sizes": size_table(all_kinds),
        "code location": load_table(all_kinds),
        **growth_tables(all_kinds),
    }
    assert len(tables) == 7
    rendered = render(RESULTS.read_text(), tables)
    assert "- processor: an abacus" in rendered
