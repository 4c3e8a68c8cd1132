"""The project against the lower bound, on the same files, in interleaved rounds.

    python -m benchmarks.compare --days 365 --rows 1000 --rounds 3

Each round runs the lower bound, then `sales-assets materialize` of the same days through every
asset and check in a fresh home. Prints CPU seconds (user and system, with imports), peak memory,
and the ratio of each round; fails if the two do not agree on lines, rejected lines and revenue.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.generate import FIRST_DAY, generate

CONTRACT = Path(__file__).parent / "benchmark.odcs.yaml"
MATERIALIZE = "from sales_assets.cli import main; main()"


def cpu_of(command: list[str], environment: Mapping[str, str] | None = None) -> tuple[float, str]:
    """CPU seconds of a command and its children, and what it printed; raises if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def lower_bound(files: Path, work: Path) -> tuple[float, dict[str, Any]]:
    """CPU seconds of the lower bound and its result."""
    cpu, text = cpu_of([sys.executable, "-m", "benchmarks.lower_bound", str(files), str(work)])
    result = json.loads(text)
    return cpu, {key: result[key] for key in ("lines", "rejected", "amount")}


def project(files: Path, home: Path, days: int) -> tuple[float, dict[str, Any]]:
    """CPU seconds of the project's command in a fresh home and what the warehouse then holds."""
    shutil.rmtree(home, ignore_errors=True)
    (home / "contracts").mkdir(parents=True)
    shutil.copy(CONTRACT, home / "contracts")
    landing = home / "landing" / "benchmark" / "sales"
    landing.mkdir(parents=True)
    for file in files.glob("*.csv"):
        os.link(file, landing / file.name)
    environment = {
        **os.environ,
        "SALES_ASSETS_HOME": str(home),
        "SALES_ASSETS_CONTRACTS": str(home / "contracts"),
    }
    first = date.fromisoformat(FIRST_DAY)
    last = first + timedelta(days=days - 1)
    command = [sys.executable, "-c", MATERIALIZE, "materialize", "--from", str(first)]
    cpu, _ = cpu_of([*command, "--to", str(last)], environment)
    query = (
        "select (select sum(lines) from ledger)::bigint as lines, "
        "(select count(*) from rejected) as rejected, "
        "(select sum(net_revenue) from daily_revenue)::varchar as amount"
    )
    _, text = cpu_of(
        [sys.executable, "-c", MATERIALIZE, "query", query, "--format", "json"], environment
    )
    return cpu, json.loads(text)[0]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files, work, home = (Path(folder, name) for name in ("files", "work", "home"))
        expected = generate(files, options.days, options.rows)
        ratios = []
        for number in range(1, options.rounds + 1):
            bound, found = lower_bound(files, work)
            cpu, ours = project(files, home, options.days)
            if found != ours or {**found, "accepted": expected["accepted"]} != expected:
                raise SystemExit(f"not the same: generated {expected}, {found} and {ours}")
            ratios.append(cpu / bound)
            print(f"round {number}: {bound:.2f} and {cpu:.2f} CPU-s, ratio {cpu / bound:.2f}")
        print(
            f"{options.days} days x {options.rows} rows: "
            f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
