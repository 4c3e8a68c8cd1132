"""What is done to an installation, and by which alert it has to be told.

Belongs here: beginning and ending each fault. Does not: when which one comes (`run`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sales_assets.workers import STAGE, WAREHOUSE
from sales_assets_tests.chaos.world import ANSWER_SECONDS, DAEMON_SECONDS, World


@dataclass(frozen=True)
class Fault:
    """A fault; `what` is in the titles of its alert and its recovery.

    It lasts at least `least` seconds, longer than the installation needs to be sure of it. One that
    `is_patient` lasts until it was told: nobody may have met it yet.
    """

    name: str
    what: str
    begin: Callable[[], object]
    end: Callable[[], object]
    least: float
    is_patient: bool = False


DATABASE, API, DAEMON = "the database of", "the exchange-rate API", "Dagster's daemon"


def of_services(world: World) -> list[Fault]:
    """Faults of what everything leans on."""
    store, workers = "the object store", "no worker serves the queue"
    reader, writer = world.kept[f"worker {STAGE}"], world.kept[f"worker {WAREHOUSE}"]
    postgres, database = world.postgres, world.database

    def slow_store() -> None:
        world.object_store.delay = ANSWER_SECONDS * 1.5

    def slow_database() -> None:
        database.delay = ANSWER_SECONDS / 3

    return [
        Fault("object store cut", store, world.object_store.cut, world.object_store.mend, 20),
        Fault("object store slow", store, slow_store, world.object_store.mend, 30),
        Fault("stage worker killed", f"{workers} {STAGE}", reader.kill, reader.go_on, 20),
        Fault("stage worker hangs", f"{workers} {STAGE}", reader.halt, reader.go_on, 20),
        Fault("warehouse worker killed", f"{workers} {WAREHOUSE}", writer.kill, writer.go_on, 20),
        Fault("PostgreSQL killed", DATABASE, postgres.kill, postgres.begin, 20),
        # A pass that has begun takes minutes then: the next one notices.
        Fault("PostgreSQL slow", DATABASE, slow_database, database.mend, 40, is_patient=True),
    ]


def of_processes(world: World) -> list[Fault]:
    """Faults of what runs beside it, which keep none of the others from being noticed."""
    web, daemon = world.kept["webserver"], world.kept["daemon"]
    long = DAEMON_SECONDS + 35
    return [
        Fault("daemon killed", DAEMON, daemon.kill, daemon.go_on, long),
        Fault("API away", API, world.api.stop, world.api.start, 40, is_patient=True),
        Fault("webserver killed", "the webserver", web.kill, web.go_on, 15),
        Fault("webserver hangs", "the webserver", web.halt, web.go_on, 20),
    ]
