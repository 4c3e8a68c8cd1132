"""Every contender on the same generated files, in interleaved rounds.

    python -m benchmarks.run --sizes 1x1000 30x1000 --rounds 3

Each round runs every contender once, each in a fresh home and in processes of its own, and checks
that it found what was generated. Readings are written to a file after each of them, and a round
that is there already is not run again: an interrupted command goes on where it was. Readings of
another code or machine are not added to; `--fresh` begins anew.

A contender that would take too long or too much memory for a size is left out and shown so; name
it with `--force` to run it all the same. With `--european` the project reads the sales as a
spreadsheet in Germany exports them (Windows-1252, semicolons, decimal commas), all others in plain
UTF-8.

The files lie below TMPDIR; 365x20000 and 1x10000000 take some GiB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, Contender, Size
from benchmarks.loading import load_once
from benchmarks.measuring import Cost, clean_environment, cost_of
from benchmarks.readings import Readings
from benchmarks.tables import load_table, size_table

DEFAULT_SIZES = ("1x1000", "30x1000", "365x1000")
LARGE_SIZES = ("365x20000", "1x10000000")
RESULTS = Path(__file__).parent / "readings" / "run.json"
RESTED_SECONDS = 3600


class WrongTotals(SystemExit):
    """A contender did not find what was generated."""


def generated(folder: Path, size: Size, *more: str) -> dict[str, Any]:
    """Generate files of a size, and say what a right reader finds in them.

    They get a time at which nobody takes them for files that are still being written.
    """
    command = [sys.executable, "-m", "benchmarks.generate", str(folder), *more]
    command += ["--days", str(size.days), "--rows", str(size.rows)]
    _, text = cost_of(command, clean_environment())
    found: dict[str, Any] = json.loads(text)
    earlier = time.time() - RESTED_SECONDS
    for file in folder.iterdir():
        os.utime(file, (earlier, earlier))
    return {name: found[name] for name in ("lines", "rejected", "amount")}


def run_once(contender: Contender, expected: Mapping[str, Any]) -> Cost:
    """What one contender costs; raises WrongTotals if it found something else."""
    contender.prepare()
    cost = Cost(0.0, 0.0, 0.0)
    for command in contender.commands():
        cost += cost_of(command, contender.environment)[0]
    found = contender.totals()
    shutil.rmtree(contender.home)
    if found != expected:
        raise WrongTotals(f"{contender.title} found {found}, generated was {expected}")
    return cost


def label_of(size: Size, *, european: bool) -> str:
    """How readings and tables name a size."""
    return f"{size} european" if european else str(size)


def run_size(
    size: Size,
    contenders: Sequence[type[Contender]],
    rounds: int,
    readings: Readings,
    *,
    european: bool,
) -> None:
    """All rounds of one size that are not among the readings yet."""
    label = label_of(size, european=european)
    due = [
        (number, contender)
        for number in range(1, rounds + 1)
        for contender in contenders
        if not readings.of(kind="run", size=label, contender=contender.name, round=number)
    ]
    if not due:
        print(f"{label}: all rounds are there", flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="bench_") as name:
        plain, other, home = (Path(name, part) for part in ("plain", "european", "home"))
        print(f"{label}: generating", flush=True)
        expected = generated(plain, size)
        if european:
            generated(other, size, "--european")
        for number, contender in due:
            files = other if european and contender.reads_european else plain
            load_before = os.getloadavg()[0]
            cost = run_once(contender(files, home, size, european), expected)
            readings.add(
                kind="run",
                size=label,
                contender=contender.name,
                round=number,
                load_before=load_before,
                **asdict(cost),
            )
            print(
                f"{label}, round {number}: {contender.title}: {cost.cpu:.2f} CPU-s, "
                f"{cost.wall:.2f} s, {cost.mebibytes:.0f} MiB",
                flush=True,
            )


def parse() -> argparse.Namespace:
    """The command line."""
    known = list(CONTENDERS)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=Size.of, metavar="DAYSxROWS")
    parser.add_argument("--large", action="store_true", help=f"the sizes {' '.join(LARGE_SIZES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=known, default=known)
    parser.add_argument("--force", nargs="+", choices=known, default=[], metavar="CONTENDER")
    parser.add_argument("--european", action="store_true")
    parser.add_argument("--fresh", action="store_true", help="forget the readings in the file")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.sizes is None:
        options.sizes = [
            Size.of(text) for text in (LARGE_SIZES if options.large else DEFAULT_SIZES)
        ]
    return options


def main() -> None:
    """Run from the command line."""
    options = parse()
    readings = Readings.open(options.out, fresh=options.fresh)
    chosen = [one for name, one in CONTENDERS.items() if name in options.contenders]
    for size in options.sizes:
        taking_part, label = [], label_of(size, european=options.european)
        for contender in chosen:
            reason = None if contender.name in options.force else contender.left_out(size)
            if reason is None:
                taking_part.append(contender)
            elif not readings.of(kind="left out", size=label, contender=contender.name):
                readings.add(kind="left out", size=label, contender=contender.name, reason=reason)
        run_size(size, taking_part, options.rounds, readings, european=options.european)
    if "project" in options.contenders:
        for number in range(len(readings.of(kind="load")) + 1, options.rounds + 1):
            load = load_once(clean_environment())
            readings.add(kind="load", round=number, modules=load.modules, **asdict(load.cost))
            print(f"code location, round {number}: {load.cost.cpu:.2f} CPU-s", flush=True)
    print(f"\n{size_table(readings)}\n\n{load_table(readings)}")


if __name__ == "__main__":
    main()
