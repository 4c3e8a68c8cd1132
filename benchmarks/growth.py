"""How costs grow with days, with sources, and with drops that were processed before.

    python -m benchmarks.growth --rounds 3

- `days`: the project's command for ever more days of 100 lines, in a fresh home: CPU seconds for
  each day more than one, events and bytes that Dagster keeps.
- `sources`: that many copies of the contract: loading the code location, and the project's command
  for one day of all of them.
- `files`: a tick of the landing zone's sensor where that many drops were processed before
  (`tick`).

Readings are kept as `run` keeps them: an interrupted command goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from benchmarks.contenders import COMMAND, CONTRACT, Project, Size, link
from benchmarks.growth_tables import growth_tables
from benchmarks.loading import load_once
from benchmarks.measuring import clean_environment, cost_of
from benchmarks.readings import Readings
from benchmarks.run import WrongTotals, generated

RESULTS = Path(__file__).parent / "readings" / "growth.json"
ROWS = 100
COUNTS = {"days": (1, 10, 100, 1000), "sources": (1, 10, 100), "files": (0, 100, 1000, 10_000)}


def events_in(home: Path) -> dict[str, int]:
    """How many events of all runs Dagster keeps in a home, and the bytes of its event storage."""
    history = home / "dagster" / "history"
    with closing(sqlite3.connect(history / "runs" / "index.db")) as connection:
        [(events,)] = connection.execute("SELECT count(*) FROM event_logs").fetchall()
    size = sum(file.stat().st_size for file in history.rglob("*") if file.is_file())
    return {"events": events, "event_bytes": size}


def by_days(folder: Path, days: int) -> dict[str, Any]:
    """The project's command for so many days."""
    size = Size(days, ROWS)
    expected = generated(folder / "files", size)
    project = Project(folder / "files", folder / "home", size)
    project.prepare()
    [command] = project.commands()
    cost, _ = cost_of(command, project.environment)
    if (found := project.totals()) != expected:
        raise WrongTotals(f"{days} days: found {found}, generated was {expected}")
    return {**asdict(cost), **events_in(project.home)}


def by_sources(folder: Path, sources: int) -> dict[str, Any]:
    """Loading the code location of so many sources, and one day of all of them."""
    size = Size(1, ROWS)
    expected = generated(folder / "files", size)
    home = folder / "home"
    environment = many_sources(folder / "files", home, sources)
    cost_of([*COMMAND, "prepare"], environment)
    load = load_once(environment)
    [day] = size.keys
    cost, _ = cost_of([*COMMAND, "materialize", "--from", day, "--to", day], environment)
    found = Project(folder / "files", home, size).totals()
    if found["lines"] != sources * expected["lines"]:
        raise WrongTotals(f"{sources} sources: found {found}, generated was {expected} for each")
    loaded = {f"load_{name}": value for name, value in asdict(load.cost).items()}
    return {**asdict(cost), **loaded, "modules": load.modules}


def many_sources(files: Path, home: Path, sources: int) -> Mapping[str, str]:
    """A home with so many copies of the contract, each with the files; its environment."""
    (home / "contracts").mkdir(parents=True)
    content = yaml.safe_load(CONTRACT.read_text())
    for number in range(sources):
        name = f"sales_{number:03}"
        content |= {"id": f"benchmark-{name}", "name": name}
        content["servers"][0]["path"] = f"benchmark/{name}/*.csv"
        (home / "contracts" / f"{name}.odcs.yaml").write_text(yaml.safe_dump(content))
        link(files, home / "landing" / "benchmark" / name)
    return clean_environment(
        SALES_ASSETS_HOME=str(home), SALES_ASSETS_CONTRACTS=str(home / "contracts")
    )


def by_files(folder: Path, files: int) -> dict[str, Any]:
    """Ticks of the sensor where so many drops were processed."""
    command = [sys.executable, "-m", "benchmarks.tick", str(folder / "home"), str(files)]
    _, text = cost_of(command, clean_environment())
    found: dict[str, dict[str, Any]] = json.loads(text.splitlines()[-1])
    return {f"{kind}_{name}": value for kind, tick in found.items() for name, value in tick.items()}


MEASURES = {"days": by_days, "sources": by_sources, "files": by_files}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for kind, counts in COUNTS.items():
        parser.add_argument(f"--{kind}", nargs="*", type=int, default=counts, metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fresh", action="store_true", help="forget the readings in the file")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    readings = Readings.open(options.out, fresh=options.fresh)
    for number in range(1, options.rounds + 1):
        for kind, measure in MEASURES.items():
            for count in getattr(options, kind):
                if readings.of(kind=kind, count=count, round=number):
                    continue
                with tempfile.TemporaryDirectory(prefix="bench_") as folder:
                    load_before = os.getloadavg()[0]
                    found = measure(Path(folder), count)
                key = {"kind": kind, "count": count, "round": number}
                readings.add(**key, load_before=load_before, **found)
                print(f"round {number}, {kind} {count:,}: {_said(found)}", flush=True)
    for name, table in growth_tables(readings).items():
        print(f"\n{name}\n\n{table}")


def _said(found: Mapping[str, Any]) -> str:
    cpu = {name: value for name, value in found.items() if name.endswith("cpu")}
    return ", ".join(f"{name} {value:.2f} s" for name, value in cpu.items())


if __name__ == "__main__":
    main()
