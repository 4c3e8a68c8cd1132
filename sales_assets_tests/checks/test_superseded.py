"""Drops that supersede others, where somebody should look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.checks.superseded import SUPERSEDED_DROPS
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

ONE, TWO = "2024-01-01", "2024-01-02"


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP, TILL]) as made:
        yield made


def write(made: Installation, name: str, seconds: int, *lines: str) -> None:
    path = made.write_drop("till", name, drop(*lines))
    os.utime(path, (1_700_000_000 + seconds,) * 2)


def look(made: Installation, first: str = ONE, last: str = TWO) -> dg.AssetCheckEvaluation:
    done = made.materialize(first, last, ["till"], layers=["raw"], marts=False)
    [found] = [c for c in done.get_asset_check_evaluations() if c.check_name == SUPERSEDED_DROPS]
    return found


def days(found: dg.AssetCheckEvaluation) -> object:
    return found.metadata["days"].value


def test_a_correction_with_an_older_time_is_told_with_what_to_do(till: Installation) -> None:
    write(till, "b.csv", 10, f"1,{ONE},tea,ann,1", f"2,{TWO},tea,ann,1")
    assert look(till).passed
    write(till, "a.csv", 5, f"1,{ONE},tea,ann,2")

    found = look(till)

    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert not found.blocking
    assert days(found) == (
        f"- **{ONE}**: tests/till/a.csv came after tests/till/b.csv but its modification time is "
        "older, so it does not count; touch it if it should"
    )
    os.utime(till.settings.landing_folder / "tests/till/a.csv")
    assert look(till).passed


def test_drops_that_came_together_are_in_the_order_of_their_times(till: Installation) -> None:
    write(till, "a.csv", 10, f"1,{ONE},tea,ann,1")
    write(till, "b.csv", 5, f"1,{ONE},tea,ann,2")

    assert look(till).passed


def test_a_late_line_that_replaces_a_whole_day_is_told_with_both_counts(
    till: Installation,
) -> None:
    write(till, "old.csv", 1, *(f"{n},{ONE},tea,ann,1" for n in range(5)), f"9,{TWO},tea,ann,1")
    write(till, "new.csv", 2, f"7,{ONE},tea,ann,1", f"9,{TWO},tea,ann,2")

    assert days(look(till)) == (
        f"- **{ONE}**: tests/till/new.csv counts with 1 line, tests/till/old.csv, which it "
        "supersedes, had 5; state overlappingDrops: union if files add up"
    )
    assert look(till, TWO).passed


def test_files_that_add_up_have_no_such_check(till: Installation) -> None:
    keys = till.definitions.resolve_asset_graph().asset_check_keys

    assert [key.asset_key.path for key in keys if key.name == SUPERSEDED_DROPS] == [
        ["tests", "till", "raw"]
    ]
