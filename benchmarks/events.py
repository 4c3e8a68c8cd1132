"""What being recorded costs a partition of an asset, by storage, in interleaved rounds.

    python -m benchmarks.events --days 365 --assets 10 --rounds 3 --postgres postgresql+psycopg2://postgres@127.0.0.1:5432

Each round makes, for each storage (SQLite, PostgreSQL) as Dagster ships it and with events in
batches, one run of a job of assets that do nothing, in a process of its own with a fresh home or
database. A run of a single day goes before it: what it costs, a run costs anyway. Prints the CPU
milliseconds (user and system, of the client alone) of a partition and asset beyond that, those of
planning (the run is created) and of carrying out apart. Without `--postgres` only SQLite counts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from benchmarks.staging import cpu_seconds

FIRST_DAY = "2023-01-01"
STOCK, BATCHED = "as shipped", "in batches"
INSTANCE = "instance_class: {module: sales_assets.instance.event_log, class: BatchingInstance}\n"


def record(home: Path, days: int, assets: int) -> dict[str, float]:
    """CPU seconds of a run of all days, and of its planning, beyond those of a run of one day."""
    partitions = dg.DailyPartitionsDefinition(FIRST_DAY)
    keys = partitions.get_partition_keys_in_range(
        dg.PartitionKeyRange(FIRST_DAY, partitions.get_partition_keys()[days - 1])
    )

    def doing_nothing(number: int) -> dg.AssetsDefinition:
        @dg.asset(
            name=f"asset_{number}",
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            deps=[f"asset_{number - 1}"] if number else [],
        )
        def asset(context: dg.AssetExecutionContext) -> None:
            for key in context.partition_keys:
                context.add_asset_metadata({"rows": 1}, partition_key=key)

        return asset

    defs = dg.Definitions(
        [doing_nothing(number) for number in range(assets)], executor=dg.in_process_executor
    )
    job = defs.resolve_implicit_global_asset_job_def()

    def run(instance: dg.DagsterInstance, last: str) -> tuple[float, float]:
        before = cpu_seconds()
        span = {
            "dagster/asset_partition_range_start": keys[0],
            "dagster/asset_partition_range_end": last,
        }
        created = instance.create_run_for_job(
            job, tags=span, run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
        )
        planned = cpu_seconds()
        if not execute_run(InMemoryJob(job), created, instance).success:
            raise SystemExit("the run has failed")
        return planned - before, cpu_seconds() - planned

    with dg.DagsterInstance.from_config(str(home)) as instance:
        one = run(instance, keys[0])
        all_days = run(instance, keys[-1])
        for number in range(assets):
            key = dg.AssetKey(f"asset_{number}")
            if instance.get_materialized_partitions(key) != set(keys):
                raise SystemExit(f"not all days of {key.to_user_string()} are materialised")
    planning, carrying_out = (all_days[part] - one[part] for part in (0, 1))
    return {"planning": planning, "carrying out": carrying_out}


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a new database on a server, which is removed after the block."""
    import sqlalchemy as sa

    name = f"benchmark_{uuid.uuid4().hex}"
    engine = sa.create_engine(
        f"{server}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield f"{server}/{name}"
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def measured(folder: Path, way: str, address: str | None, options: list[str]) -> dict[str, float]:
    """What one process measured on a home of its own."""
    storage = f"storage: {{postgres: {{postgres_url: '{address}'}}}}\n" if address else ""
    folder.mkdir()
    (folder / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n" + storage + (INSTANCE if way == BATCHED else "")
    )
    command = [sys.executable, "-m", "benchmarks.events", "--home", str(folder), *options]
    environment = {name: text for name, text in os.environ.items() if "DAGSTER" not in name}
    environment["PYTHONWARNINGS"] = "ignore"  # parameters that are in beta
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--assets", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", help="a server on which databases may be made")
    parser.add_argument("--home", type=Path, help="in this process, on this instance")
    options = parser.parse_args()
    size = ["--days", str(options.days), "--assets", str(options.assets)]
    if options.home:
        print(json.dumps(record(options.home, options.days, options.assets)))
        return
    ways = [("SQLite", STOCK), ("SQLite", BATCHED)]
    if options.postgres:
        ways += [("PostgreSQL", STOCK), ("PostgreSQL", BATCHED)]
    found: dict[tuple[str, str], list[dict[str, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as name:
        for number in range(options.rounds):
            for place, way in ways:
                folder = Path(name, f"{number}-{place}-{way}")
                if place == "SQLite":
                    found[place, way].append(measured(folder, way, None, size))
                    continue
                with database(options.postgres) as address:
                    found[place, way].append(measured(folder, way, address, size))
    beyond_one = (options.days - 1) * options.assets
    for (place, way), rounds in found.items():
        parts = {
            part: median(1000 * one[part] / beyond_one for one in rounds) for part in rounds[0]
        }
        told = ", ".join(f"{part} {spent:.2f}" for part, spent in parts.items())
        print(f"{place} {way}: {sum(parts.values()):.2f} ms of CPU a partition and asset ({told})")


if __name__ == "__main__":
    main()
