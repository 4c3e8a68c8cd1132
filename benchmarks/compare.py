"""The project against the lower bound, on the same files, in interleaved rounds.

    python -m benchmarks.compare --days 365 --rows 1000 --rounds 3

Each round runs the lower bound, then `sales-assets materialize` of the same days through every
asset and check in a fresh home. With `--european` the project reads the same sales in Windows-1252
with semicolons and decimal commas, the lower bound in plain UTF-8. Prints CPU seconds (user and
system, with imports), the project's peak memory, and the ratio of each round; fails if the two do
not agree on lines, rejected lines and revenue.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.generate import FIRST_DAY

CONTRACT = Path(__file__).parent / "benchmark.odcs.yaml"
MATERIALIZE = "from sales_assets.cli import main; main()"


@dataclass(frozen=True)
class Cost:
    """What a command and its children took: CPU seconds, and the memory of the largest process."""

    cpu: float
    mebibytes: float


def cost_of(command: list[str], environment: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """The cost of a command, and what it printed; raises if it fails."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{text}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), text


def generated(folder: Path, days: int, rows: int, *more: str) -> dict[str, Any]:
    """Generate the files, in a process of its own: a child's peak counts its parent's memory."""
    command = [sys.executable, "-m", "benchmarks.generate", str(folder), *more]
    _, text = cost_of([*command, "--days", str(days), "--rows", str(rows)])
    found: dict[str, Any] = json.loads(text)
    return found


def lower_bound(files: Path, work: Path) -> tuple[float, dict[str, Any]]:
    """CPU seconds of the lower bound and its result."""
    cost, text = cost_of([sys.executable, "-m", "benchmarks.lower_bound", str(files), str(work)])
    result = json.loads(text)
    return cost.cpu, {key: result[key] for key in ("lines", "rejected", "amount")}


def contract(european: bool) -> str:
    """The contract of the generated files."""
    content = yaml.safe_load(CONTRACT.read_text())
    if european:
        words = {"delimiter": ";", "decimalChar": ","}
        content["servers"][0] |= {
            "encoding": "windows-1252",
            "customProperties": [{"property": k, "value": v} for k, v in words.items()],
        }
    return yaml.safe_dump(content)


def project(files: Path, home: Path, days: int, european: bool) -> tuple[Cost, dict[str, Any]]:
    """The cost of the project's command in a fresh home, and what the warehouse then holds."""
    shutil.rmtree(home, ignore_errors=True)
    (home / "contracts").mkdir(parents=True)
    (home / "contracts" / CONTRACT.name).write_text(contract(european))
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
    cost, _ = cost_of([*command, "--to", str(last)], environment)
    query = (
        "select (select sum(lines) from ledger)::bigint as lines, "
        "(select count(*) from rejected) as rejected, "
        "(select sum(net_revenue) from daily_revenue)::varchar as amount"
    )
    _, text = cost_of(
        [sys.executable, "-c", MATERIALIZE, "query", query, "--format", "json"], environment
    )
    return cost, json.loads(text)[0]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--european", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plain, files, work, home = (Path(folder, n) for n in ("plain", "files", "work", "home"))
        expected = generated(plain, options.days, options.rows)
        if options.european:
            generated(files, options.days, options.rows, "--european")
        else:
            files = plain
        ratios = []
        for number in range(1, options.rounds + 1):
            bound, found = lower_bound(plain, work)
            cost, ours = project(files, home, options.days, options.european)
            if found != ours or {**found, "accepted": expected["accepted"]} != expected:
                raise SystemExit(f"not the same: generated {expected}, {found} and {ours}")
            ratios.append(cost.cpu / bound)
            print(
                f"round {number}: {bound:.2f} and {cost.cpu:.2f} CPU-s, ratio {ratios[-1]:.2f}, "
                f"peak memory {cost.mebibytes:.0f} MiB",
                flush=True,
            )
        print(
            f"{options.days} days x {options.rows} rows: "
            f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
