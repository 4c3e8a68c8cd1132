"""An installation to back up, and what is asked of it before and after.

Belongs here: making and asking. Does not: any expectation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.backup.bucket_store import open_backups
from sales_assets.backup.making import Made, Wanted, make_backup, open_for_backup
from sales_assets.backup.restoring import Restored, restore
from sales_assets.settings import Settings, find_dagster_home
from sales_assets_tests.harness import PROJECT, SHOP, TILL, Installation, drop
from sales_assets_tests.instance.partition_state import state_of

DAYS = [f"2024-01-{day:02}" for day in range(1, 7)]
COMMAND = [sys.executable, "-m", "sales_assets"]
AT_NS = 1_700_000_000_123_456_789
SPAN = ("--from", DAYS[0], "--to", DAYS[-1])


def contracts_in_two_currencies(folder: Path) -> list[Path]:
    """Contracts whose sales need exchange rates."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for contract in (SHOP, TILL):
        text = contract.read_text()
        by_item = "\"CASE WHEN item = 'pot' THEN 'USD' ELSE 'EUR' END\""
        files.append(folder / contract.name)
        files[-1].write_text(text.replace("\"'EUR'\"", by_item))
    return files


def write(made: Installation, source: str, name: str, *lines: str, seconds: int = 0) -> None:
    """A drop that has rested for long, with a time of its own."""
    path = made.write_drop(source, name, drop(*lines))
    os.utime(path, ns=(at := AT_NS + seconds * 10**9, at))


def fill(made: Installation) -> None:
    """Several days of two sources, in two currencies, with rejected lines and a restated day."""
    for day in DAYS:
        write(made, "shop", f"{day}.csv", f"1,{day},tea,ann,1.5", f"2,{day},pot,bob,much")
    write(made, "till", "till.csv", *(f"{day},{day},pot,cid,2.5" for day in DAYS))
    made.materialize(DAYS[0], DAYS[-1], reports=True)
    write(made, "shop", f"{DAYS[2]}.csv", f"1,{DAYS[2]},pot,ann,7", seconds=60)
    write(made, "till", "later.csv", f"9,{DAYS[1]},cup,dan,4", seconds=60)
    made.materialize(DAYS[0], DAYS[-1], reports=True)


def state(made: Installation, *folders: str) -> Mapping[str, Any]:
    """All that Dagster can be asked about assets in some folders, their partitions and checks."""
    graph = made.definitions.resolve_asset_graph()
    partitions = dg.DailyPartitionsDefinition(DAYS[0], end_date="2024-03-01")
    keys = sorted(key for key in graph.materializable_asset_keys if key.path[0] in folders)
    checks = sorted(check for check in graph.asset_check_keys if check.asset_key in keys)
    return state_of(made.instance, keys, checks, partitions, DAYS)


def tick(made: Installation, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    """What the landing zone's sensor says now."""
    sensor = made.definitions.get_sensor_def("landing_zone")
    with dg.build_sensor_context(
        instance=made.instance, cursor=cursor, resources=made.resources
    ) as context:
        return sensor(context)  # type: ignore[return-value]


def asks_for_nothing(result: dg.SensorResult | dg.SkipReason) -> bool:
    """Whether a tick asks for no run."""
    return isinstance(result, dg.SkipReason) or not result.run_requests


def take(settings: Settings, place: str, wanted: Wanted | None = None) -> Made:
    """Back an installation up, as the command does."""
    instance = open_for_backup(find_dagster_home(settings))
    try:
        return make_backup(settings, instance, open_backups(settings, place), wanted)
    finally:
        if instance is not None:
            instance.dispose()


def bring_back(
    settings: Settings, place: str, name: str | None = None, *, force: bool = False
) -> Restored:
    """Restore an installation, as the command does."""
    return restore(settings, open_backups(settings, place), name, force=force)


def destroy(settings: Settings) -> None:
    """The disk with the home is gone."""
    shutil.rmtree(settings.home)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a command on an installation with contracts of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    of_settings = {
        "SALES_ASSETS_HOME": str(settings.home),
        "SALES_ASSETS_CONTRACTS": str(settings.contracts_folder),
    }
    return {**kept, **of_settings, **more}


def call(settings: Settings, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Call `sales-assets` in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env=environment(settings, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def start(settings: Settings, arguments: Sequence[str], **more: str) -> subprocess.Popen[str]:
    """Begin a command."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env=environment(settings, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def make_small(home: Path, **settings: Any) -> Settings:
    """A home with a day of one source, loaded, without models."""
    with Installation(home, [SHOP], **settings) as made:
        write(made, "shop", f"{DAYS[0]}.csv", f"1,{DAYS[0]},tea,ann,1.5")
        made.materialize(DAYS[0], DAYS[0], marts=False, rates=False)
        return made.settings


def land(settings: Settings, name: str, *lines: str) -> Path:
    """A drop of `shop` that has rested for long, with a time of its own."""
    path = settings.landing_folder / "tests" / "shop" / name
    path.write_text(drop(*lines))
    os.utime(path, ns=(AT_NS, AT_NS))
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
