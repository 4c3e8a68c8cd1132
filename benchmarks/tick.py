"""One tick of the landing zone's sensor where so many drops have been processed already.

    python -m benchmarks.tick HOME FILES

Belongs here: making that state by the project's own code, and measuring the sensor in this process:
CPU seconds, statements sent to the catalogue, and drops that were opened. Does not: the daemon's
own work around a tick.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.contenders import CONTRACT
from benchmarks.generate import HEADER
from sales_assets.build import build_definitions
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.instance.embedded import embedded_instance
from sales_assets.resources.build import build_resources
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import fingerprint, manifests
from sales_assets.settings import Settings

FIRST = date(1990, 1, 1)
"""Early enough for 10,000 days that are all past."""
TICKS = 5


@dataclass(frozen=True)
class Tick:
    """What ticks took: median CPU seconds, statements of one, drops opened by one, and runs."""

    cpu: float
    statements: int
    opened: int
    runs: int


_counts = {"statements": 0, "opened": 0}


class CountingZone(DirectoryLandingZone):
    """The directory, counting the drops that are opened."""

    @contextmanager
    def local(self, drop: Drop) -> Iterator[Path]:
        """The file itself."""
        _counts["opened"] += 1
        with super().local(drop) as path:
            yield path


def write_drop(landing: Path, number: int) -> None:
    """The drop of a day, as if it had been there for an hour."""
    day = FIRST + timedelta(days=number)
    file = landing / f"sales_{day}.csv"
    file.write_text(f"{HEADER}\no1,{day} 10:00:00,sku1,food,store 1,c1,1,1.00,0.00,EUR\n")
    earlier = time.time() - 3600
    os.utime(file, (earlier, earlier))


def process_all(settings: Settings, contract: SourceContract) -> str:
    """Bring the catalogue to where runs of all drops leave it; the sensor's cursor then."""
    resources = build_resources(settings)
    catalogue: Catalogue = resources["catalogue"]
    known = catalogue.refresh(
        contract, resources["landing_zone"], resources["staging_area"].inspect
    )
    by_day = manifests(contract, known)
    catalogue.record(contract, by_day)
    one = Decimal("1.0000")
    staged = {
        day: StagedCounts(fingerprint(contract, manifest), 1, 0, one, one)
        for day, manifest in by_day.items()
    }
    catalogue.record_staged(contract, staged)
    changes = catalogue.changes_after(0)
    return f"{catalogue.identity}:{changes[-1].number if changes else 0}"


def tick(settings: Settings, instance: dg.DagsterInstance, cursor: str) -> tuple[Tick, str]:
    """One tick as the daemon asks for it, on resources of its own, and the cursor after it."""
    zone = CountingZone(root=str(settings.landing_folder))
    sensor = build_definitions(settings).get_sensor_def("landing_zone")
    _counts.update(statements=0, opened=0)
    begun = time.process_time()
    resources = build_resources(settings) | {"landing_zone": zone}
    with dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources) as context:
        found = sensor(context)
    spent = time.process_time() - begun
    asked = found.run_requests or [] if isinstance(found, dg.SensorResult) else []
    after = (found.cursor if isinstance(found, dg.SensorResult) else None) or cursor
    return Tick(spent, _counts["statements"], _counts["opened"], len(asked)), after


def summed_up(ticks: list[Tick]) -> Tick:
    """The median CPU seconds of ticks that did the same otherwise."""
    [others] = {(one.statements, one.opened, one.runs) for one in ticks}
    return Tick(median(one.cpu for one in ticks), *others)


def measure(home: Path, files: int) -> dict[str, Tick]:
    """Ticks without a new drop, and ticks with one, where `files` drops were processed before."""
    folder = home / "contracts"
    folder.mkdir(parents=True)
    shutil.copy(CONTRACT, folder)
    settings = Settings(home=home, contracts=folder, first_day=FIRST)
    [contract] = load_contracts([folder])
    landing = settings.landing_folder / Path(contract.path).parent
    landing.mkdir(parents=True)
    for number in range(files):
        write_drop(landing, number)
    cursor = process_all(settings, contract)

    @event.listens_for(Engine, "before_cursor_execute")
    def _count(connection: object, *_: object) -> None:
        if "catalogue" in str(getattr(connection, "engine", "")):
            _counts["statements"] += 1

    quiet, new = [], []
    with embedded_instance(settings.dagster_home, settings) as instance:
        tick(settings, instance, cursor)  # imports what the first tick of a process imports
        for _ in range(TICKS):
            found, _ = tick(settings, instance, cursor)
            quiet.append(found)
        for number in range(TICKS):
            write_drop(landing, files + number)
            found, cursor = tick(settings, instance, cursor)
            new.append(found)
    return {"quiet": summed_up(quiet), "new": summed_up(new)}


def main() -> None:
    """Run from the command line."""
    found = measure(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({name: asdict(one) for name, one in found.items()}))


if __name__ == "__main__":
    main()
