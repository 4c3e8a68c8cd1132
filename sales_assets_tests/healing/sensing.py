"""An installation whose days fail or are healed, and the ticks of its sensors.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.automation.landing import LAYERS
from sales_assets.errors import PermanentError
from sales_assets.healing import parked
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.harness import QUIET, Installation, drop

RUN_KEY = "dagster/run_key"
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
Make = Callable[..., Installation]


class BrokenStore(DirectoryObjectStore):
    """An object store that refuses all while a file beside it says so."""

    def find(self, prefix: str) -> list[str]:
        if Path(f"{self.root}.broken").exists():
            raise PermanentError("the bucket is not yours")
        return super().find(prefix)


def land(made: Installation, day: str, price: str) -> None:
    path = made.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,{price}"))
    minute_ago = time.time() - 60
    os.utime(path, (minute_ago, minute_ago))


def tick(made: Installation, name: str = "heal", cursor: str | None = None) -> Any:
    sensor = made.definitions.get_sensor_def(name)
    with dg.build_sensor_context(
        instance=made.instance, cursor=cursor, resources=made.resources
    ) as context:
        return sensor(context)


def requests(found: Any) -> list[dg.RunRequest]:
    return list(found.run_requests or []) if isinstance(found, dg.SensorResult) else []


def spans(found: Any) -> list[tuple[str, str]]:
    return [(request.tags[START], request.tags[END]) for request in requests(found)]


def carry_out(made: Installation, found: Any) -> list[bool]:
    """Run what was asked for, one after the other, as the daemon does: each key once."""
    job = made.definitions.resolve_implicit_global_asset_job_def()
    done = []
    for request in requests(found):
        key = {RUN_KEY: request.run_key} if request.run_key else {}
        if key and made.instance.get_runs(dg.RunsFilter(tags=key)):
            continue
        result = job.execute_in_process(
            instance=made.instance,
            asset_selection=list(request.asset_selection or ()),
            tags={**request.tags, **key},
            run_config=QUIET,
            raise_on_error=False,
        )
        done.append(result.success)
    return done


def fail_in_the_queue(made: Installation, day: str, end: str = "report_run_failed") -> None:
    """A run of a day of the source that ends before it has begun."""
    keys = [dg.AssetKey(["tests", "shop", layer]) for layer in LAYERS]
    queued = made.instance.create_run_for_job(
        made.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection=frozenset(keys),
        tags={START: day, END: day},
    )
    getattr(made.instance, end)(queued)


def break_store(made: Installation, broken: bool) -> None:
    flag = Path(f"{made.overrides['object_store'].root}.broken")
    if broken:
        flag.touch()
    else:
        flag.unlink()


def parked_now(made: Installation) -> list[Any]:
    tick(made)
    return parked(made.settings.catalogue_address)
