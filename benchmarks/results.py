"""Put the tables of readings into RESULTS.md, whose prose is kept by hand.

    python -m benchmarks.results

Belongs here: replacing what is between `<!-- NAME -->` and `<!-- end of NAME -->`. Does not: the
tables (`tables`, `growth_tables`).
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks.growth import RESULTS as GROWTH
from benchmarks.growth_tables import growth_tables
from benchmarks.readings import Readings
from benchmarks.run import RESULTS as RUNS
from benchmarks.tables import load_table, machine_table, size_table

RESULTS = Path(__file__).parent / "RESULTS.md"


def render(text: str, tables: dict[str, str]) -> str:
    """The text with its tables in place of those it had.

    Raises ValueError if it has no such place, or two, for one of them.
    """
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        written = f"{begin}\n{table}\n{end}"
        count = len(place.findall(text))
        if count != 1:
            raise ValueError(f"{begin} ... {end} is there {count} times, not once")
        before, after = place.split(text)
        text = before + written + after
    return text


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--growth", type=Path, default=GROWTH)
    parser.add_argument("--to", type=Path, default=RESULTS)
    options = parser.parse_args()
    tables: dict[str, str] = {}
    if options.runs.exists():
        readings = Readings.read(options.runs)
        tables |= {
            "machine": machine_table(readings),
            "sizes": size_table(readings),
            "code location": load_table(readings),
        }
    if options.growth.exists():
        tables |= growth_tables(Readings.read(options.growth))
    if not tables:
        raise SystemExit(f"neither {options.runs} nor {options.growth} is there; measure first")
    options.to.write_text(render(options.to.read_text(), tables))
    print(f"{', '.join(tables)}: rendered into {options.to.name}")


if __name__ == "__main__":
    main()
