"""The UI as `make ui` serves it, over the sample sources of which some days are still to do.

Belongs here: making and serving it. Does not: its pages (`ui`), or any expectation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sales_assets_tests.harness import SAMPLE, Installation
from sales_assets_tests.serving import ask, free_port, serving, until

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "sales_assets"}
SENSORS = """
query Sensors($of: RepositorySelector!) {
  repositoryOrError(repositorySelector: $of) { ... on Repository { sensors { id } } }
}
"""
STOP = "mutation Stop($id: String!) { stopSensor(id: $id) { __typename } }"
DONE_BEFORE = (
    ("pizzaplace", "2015-01-01", "2015-11-30"),
    ("global_sales", "2021-01-01", "2023-12-31"),
)
"""What is materialised; December of the pizzeria is left to the tests."""


@dataclass(frozen=True)
class Served:
    """An installation and the address of its UI."""

    made: Installation
    address: str


@contextmanager
def sample_home(home: Path) -> Iterator[Installation]:
    """The sample sources, landed, and most of their days materialised."""
    with Installation(home) as made:
        for source, first, last in DONE_BEFORE:
            made.land(source, SAMPLE / f"{source}.csv.gz")
            made.materialize(first, last, [source], reports=True)
        yield made


@contextmanager
def with_ui(made: Installation) -> Iterator[Served]:
    """Serve an installation in which nothing is done that nobody asks for in the UI."""
    port = free_port()
    with serving(made, port, daemon=False):
        stop_sensors(port)
        with serving(made):
            yield Served(made, f"http://127.0.0.1:{port}")


def stop_sensors(port: int) -> None:
    """Before there is a daemon: the sensor of the landing zone would do the days that are left."""

    def sensors() -> list[dict[str, Any]] | None:
        return ask(port, SENSORS, {"of": REPOSITORY}).get("sensors")

    for sensor in until("the sensors", sensors):
        stopped = ask(port, STOP, {"id": sensor["id"]})
        assert stopped["__typename"] == "StopSensorMutationResult", stopped
