"""However many runs there are, the API is called by as many at a time as the pool allows.

The runs are processes of their own, as the daemon starts them; what they did at the same time is
counted at the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from sales_assets.instance.embedded import instance_configuration
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.pipeline.rates import BAZAAR

pytestmark = pytest.mark.long
RUN = """
import sys
from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.runs import RunStarter
from sales_assets.partitions import Window
from sales_assets.settings import PROJECT, Settings

starter = RunStarter(PROJECT / "workspace.yaml")
with embedded_instance(Settings.load().dagster_home) as instance:
    window = Window.of_keys(*sys.argv[1:])
    sys.exit(not starter.run(instance, [EXCHANGE_RATES], window).is_success)
"""


class Home:
    """A folder of an installation whose pools have so many places, and runs on it."""

    def __init__(self, folder: Path, stand_in: StandIn, places: int) -> None:
        self._folder = folder
        self._url = stand_in.url
        contracts = folder / "contracts"
        contracts.mkdir(parents=True)
        (contracts / BAZAAR.name).write_text(BAZAAR.read_text())
        configuration = instance_configuration()
        configuration["concurrency"] = {"pools": {"default_limit": places, "granularity": "op"}}
        (folder / "dagster").mkdir()
        (folder / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(configuration))

    def start(self, first: str, last: str) -> subprocess.Popen[bytes]:
        """Materialise the rates of some days in a process of its own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_", "DAGSTER_"))}
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", RUN, first, last],
            cwd=PROJECT,
            env={
                **kept,
                "SALES_ASSETS_HOME": str(self._folder),
                "SALES_ASSETS_CONTRACTS": str(self._folder / "contracts"),
                "SALES_ASSETS_EXCHANGE_RATES": "live",
                "SALES_ASSETS_EXCHANGE_RATES_URL": self._url,
            },
        )


@pytest.mark.parametrize("places", [1, 2])
def test_calls_at_the_same_time_never_exceed_the_limit_of_the_pool(
    tmp_path: Path, places: int
) -> None:
    with StandIn() as stand_in:
        stand_in.inject(faults.latency(0.5), times=FOR_EVER)
        home = Home(tmp_path / "home", stand_in, places)
        home.start("2022-12-05", "2022-12-05").wait(timeout=300)  # makes the databases
        stand_in.forget()
        spans = [("2023-01-02", "2023-06-30"), ("2023-07-03", "2023-12-29")]
        spans += [("2024-01-02", "2024-06-28"), ("2024-07-01", "2024-12-30")]
        runs = [home.start(*span) for span in spans]
        assert [run.wait(timeout=300) for run in runs] == [0] * len(runs)
        assert len(stand_in.requests) == 24
        assert stand_in.most_at_once == places, "reached, and never exceeded"


def test_a_run_that_is_killed_while_it_calls_does_not_keep_its_place(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        home = Home(tmp_path / "home", stand_in, places=1)
        stand_in.inject(faults.hang(), times=FOR_EVER)
        killed = home.start("2023-01-02", "2023-01-31")
        deadline = time.monotonic() + 120
        while not stand_in.requests:
            assert time.monotonic() < deadline, "the run never called"
            time.sleep(0.05)
        killed.kill()
        killed.wait()
        stand_in.clear()
        assert home.start("2023-01-02", "2023-01-31").wait(timeout=120) == 0
