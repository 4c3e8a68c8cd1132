"""An installation of two teams in which things go wrong as a test wants them to.

Belongs here: making such states by real runs, ticks and ledger rows. Does not: any expectation.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.ledger import Ledger
from sales_assets.operations.gathering import Gathering
from sales_assets.operations.known import Known, known_of
from sales_assets.operations.standing import Operations, Standing
from sales_assets_tests.costs.rows import NOON, Did, write
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

HOUR = 3_600_000_000
FIRST, SECOND = "2024-01-01", "2024-01-02"
TEAMS = """
version: 1
admins: [root@example.com]
currency: EUR
rates: {{cpu_hour: 1}}
teams:
  tests: {{budget: 2}}
  stalls: {{private: {private}}}
  analytics:
    builds: shared
    prefixes: [analytics, staging, core, marts, rates, reports, platform]
"""


class Scene:
    """The installation, and how its teams stand."""

    def __init__(self, made: Installation) -> None:
        self.made = made

    @property
    def known(self) -> Known:
        """What the definitions say."""
        definitions = self.made.definitions
        graph = definitions.resolve_asset_graph()
        return known_of(
            self.made.settings,
            tuple(self.made.contracts.values()),
            [graph.get(key).to_asset_spec() for key in graph.materializable_asset_keys],
            [graph.get_check_spec(key) for key in graph.asset_check_keys],
        )

    @property
    def gathering(self) -> Gathering:
        return Gathering(self.made.settings, self.known, self.made.instance)

    def look(self) -> Operations:
        return self.gathering.look()

    def team(self, name: str | None) -> Standing:
        """How one team stands now."""
        [standing] = [one for one in self.look().teams if one.team == name]
        return standing

    def land(self, source: str, day: str, text: str | None = None) -> Path:
        """A drop that the catalogue knows."""
        path = self.made.write_drop(source, f"{day}.csv", text or drop(f"1,{day},tea,ann,1.50"))
        minute_ago = time.time() - 60
        os.utime(path, (minute_ago, minute_ago))
        zone, area = self.made.resources["landing_zone"], self.made.resources["staging_area"]
        for contract in self.made.contracts.values():
            self.made.resources["catalogue"].refresh(contract, zone, area.inspect)
        return path

    def run(self, source: str, day: str = FIRST) -> bool:
        """A run of one day of a source; whether it went well."""
        done = self.made.materialize(day, day, [source], marts=False, raise_on_error=False)
        return bool(done.success)

    def die_before_checks(self) -> None:
        """The last run was to evaluate one check more, and its process is gone."""
        [run] = self.made.instance.get_runs(limit=1)
        planned = dg.DagsterEvent(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
            run.job_name,
            event_specific_data=AssetCheckEvaluationPlanned(
                asset_key=max(run.asset_selection or ()), check_name="never_came_to"
            ),
        )
        self.made.instance.report_dagster_event(planned, run.run_id)
        self.made.instance.report_run_failed(run, "the machine went down")

    def tick(self, sensor: str) -> str:
        """A tick of a sensor; what it says."""
        with dg.build_sensor_context(
            instance=self.made.instance,
            repository_def=self.made.definitions.get_repository_def(),
            resources=self.made.resources,
        ) as context:
            ticked = self.made.definitions.get_sensor_def(sensor).evaluate_tick(context)
            return str(ticked.skip_message)

    def break_store(self) -> None:
        """From now on nothing can be staged."""
        objects = self.made.settings.object_folder
        objects.parent.mkdir(parents=True, exist_ok=True)
        if objects.is_dir():
            objects.rename(objects.with_name("kept"))
        objects.write_text("where a folder should be, nobody can store anything")

    def mend_store(self) -> None:
        """Nobody has anything staged then, unless somebody had before."""
        objects = self.made.settings.object_folder
        objects.unlink()
        if (kept := objects.with_name("kept")).is_dir():
            kept.rename(objects)

    def park(self, source: str, day: str = FIRST) -> None:
        """Let a day fail until healing parks it."""
        self.land(source, day)
        self.break_store()
        for _ in range(self.made.settings.healing_attempts):
            assert not self.run(source, day)
        self.tick("heal")
        self.mend_store()

    def use(self, team: str, hours: int, asset: str) -> None:
        """CPU hours of an asset, today."""
        today = (datetime.now(UTC).date() - NOON.date()) // timedelta(days=1)
        assets = (asset,) if asset else ()
        used = Did("step", Amounts(cpu=hours * HOUR), assets, run_id=f"run of {asset}", days=today)
        write(Ledger(self.made.settings.catalogue_address), [used], team=team)


@contextmanager
def scene(
    folder: Path, *, teams: bool = False, private: bool = False, **more: Any
) -> Iterator[Scene]:
    """Two sources that owe one day's drop each: `tests/shop`, and `stalls/till` of another team."""
    folder.mkdir(parents=True, exist_ok=True)
    shop, till = folder / SHOP.name, folder / TILL.name
    one_day = ("end: 2024-03-01", "end: 2024-01-02")
    shop.write_text(SHOP.read_text().replace(*one_day))
    stalls = TILL.read_text().replace(*one_day).replace("tests/till", "stalls/till")
    till.write_text(stalls.replace("name: tests\n", "name: stalls\n", 1))
    if teams:
        file = folder / "teams.yaml"
        file.write_text(TEAMS.format(private=str(private).lower()))
        more["teams_file"] = file
    settings = {"healing_patience_seconds": 0, "settle_seconds": 0} | more
    with Installation(folder / "home", [shop, till], **settings) as made:
        yield Scene(made)
