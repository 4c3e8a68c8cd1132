"""The command of the benchmark: rounds, readings that are kept, and what makes it fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.contenders import CONTENDERS, LowerBound, Size
from benchmarks.run import LARGE_SIZES, WrongTotals, generated, run_once
from sales_assets_tests.harness import PROJECT

SCRIPTS = ("--contenders", "lower_bound", "plain_pandas")


def bench(out: Path, *arguments: str, module: str = "run") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments, "--out", str(out)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_size_is_run_in_interleaved_rounds_and_printed_as_a_table(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    done = bench(out, "--sizes", "2x50", "--rounds", "2", *SCRIPTS)
    assert done.returncode == 0, done.stderr
    readings = json.loads(out.read_text())
    assert [(one["round"], one["contender"]) for one in readings["readings"]] == [
        (1, "lower_bound"),
        (1, "plain_pandas"),
        (2, "lower_bound"),
        (2, "plain_pandas"),
    ]
    assert "| 2 x 50 | plain pandas script |" in done.stdout
    assert str(tmp_path) not in out.read_text()


def test_a_command_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    bench(out, "--sizes", "1x20", "--rounds", "1", *SCRIPTS)
    before = json.loads(out.read_text())["readings"]
    done = bench(out, "--sizes", "1x20", "--rounds", "2", *SCRIPTS)
    assert json.loads(out.read_text())["readings"][: len(before)] == before
    assert "round 1" not in done.stdout
    assert "round 2" in done.stdout


def test_readings_of_other_code_are_not_added_to_but_begun_anew_if_asked(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    bench(out, "--sizes", "1x20", "--rounds", "1", "--contenders", "lower_bound")
    kept = json.loads(out.read_text())
    out.write_text(json.dumps({**kept, "code": "of another day"}))
    refused = bench(out, "--sizes", "1x20", "--contenders", "lower_bound")
    assert refused.returncode == 1
    assert "begin anew with --fresh" in refused.stderr
    fresh = bench(out, "--sizes", "1x20", "--rounds", "1", "--contenders", "lower_bound", "--fresh")
    assert fresh.returncode == 0, fresh.stderr
    assert json.loads(out.read_text())["code"] == kept["code"]


def test_a_contender_that_is_too_slow_for_a_size_is_shown_as_not_run(tmp_path: Path) -> None:
    done = bench(
        tmp_path / "run.json", "--sizes", "2x20", "--contenders", "lower_bound", "tutorial"
    )
    assert (
        "| 2 x 20 | tutorial-style Dagster | not run: each day takes it half a minute |"
        in done.stdout
    )


def test_of_the_large_sizes_nobody_runs_what_takes_many_days_or_many_gibibytes() -> None:
    days, lines = map(Size.of, LARGE_SIZES)
    running = {
        size: {name for name, one in CONTENDERS.items() if one.left_out(size) is None}
        for size in (days, lines)
    }
    assert running == {
        days: {"lower_bound", "project", "plain_pandas"},
        lines: {"lower_bound", "project", "sources_only"},
    }


def test_a_contender_that_finds_something_else_ends_the_benchmark(tmp_path: Path) -> None:
    size = Size(1, 30)
    expected = generated(tmp_path / "files", size)
    [file] = (tmp_path / "files").iterdir()
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(WrongTotals, match=r"found \{'lines': 29.*generated was \{'lines': 30"):
        run_once(LowerBound(tmp_path / "files", tmp_path / "home", size), expected)


@pytest.mark.parametrize("text", ["30", "0x10", "10xmany"])
def test_a_size_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    done = bench(tmp_path / "run.json", "--sizes", text)
    assert done.returncode == 2
    assert f"'{text}'" in done.stderr


@pytest.mark.parametrize(
    ("target", "module"), [("bench", "run"), ("bench-large", "run"), ("bench-growth", "growth")]
)
def test_make_hands_options_to_the_benchmark(target: str, module: str) -> None:
    done = subprocess.run(
        ["make", "-n", target, "BENCH=--rounds 7"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    [command] = [line for line in done.stdout.splitlines() if f"benchmarks.{module}" in line]
    assert command.endswith("--rounds 7")


@pytest.mark.long
@pytest.mark.longest
def test_growth_is_measured_for_days_sources_and_drops(tmp_path: Path) -> None:
    done = bench(
        tmp_path / "growth.json",
        *("--days", "1", "3", "--sources", "1", "2", "--files", "0", "40", "--rounds", "1"),
        module="growth",
    )
    assert done.returncode == 0, done.stderr
    readings = json.loads((tmp_path / "growth.json").read_text())["readings"]
    none, many = (one for one in readings if one["kind"] == "files")
    assert (many["quiet_opened"], many["quiet_runs"]) == (0, 0)
    assert (many["new_opened"], many["new_runs"]) == (1, 1)
    assert many["quiet_statements"] == none["quiet_statements"]
    assert many["new_statements"] == none["new_statements"]
    for heading in ("growth with days", "growth with sources", "growth with drops"):
        assert heading in done.stdout
