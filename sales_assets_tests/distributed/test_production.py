"""Runs over Celery workers with drops and objects on S3 and the warehouse on Snowflake."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sales_assets.workers import STAGE, WAREHOUSE
from sales_assets_tests.distributed.machine import (
    DAYS,
    PATIENCE,
    Machine,
    events,
    kill,
    landed,
)
from sales_assets_tests.harness import SHOP
from sales_assets_tests.s3 import REGION, new_bucket
from sales_assets_tests.services import RABBITMQ
from sales_assets_tests.snowflake.running import SnowflakeServer

pytestmark = pytest.mark.long
LOAD, MODELS = r"^INSERT INTO main\.revenue ", r"core\.fct_sales"
"""Statements in the middle of a load, and of the building of the models."""


@pytest.fixture
def production(
    snowflake_server: SnowflakeServer, endpoint: str, tmp_path: Path
) -> Callable[[str], dict[str, Any]]:
    """Settings with a bucket and a database of their own; customers are personal data."""
    contract = yaml.safe_load(SHOP.read_text())
    [customer] = [c for c in contract["schema"][0]["properties"] if c["name"] == "customer"]
    customer["classification"] = "personal"
    shop, keys = tmp_path / SHOP.name, tmp_path / "keys"
    shop.write_text(yaml.safe_dump(contract))
    keys.mkdir()
    (keys / "default.key").write_text("ab" * 32)

    def settings(name: str) -> dict[str, Any]:
        bucket = new_bucket()
        return {
            **snowflake_server.settings(),
            "shop": shop,
            "pseudonym_keys": keys,
            "landing_zone": f"s3://{bucket}/landing",
            "object_store": "s3",
            "s3_bucket": bucket,
            "s3_prefix": "staged",
            "s3_region": REGION,
            "s3_endpoint_url": endpoint,
            "dbt_prepared_path": tmp_path / f"prepared-{name}",
        }

    return settings


def test_a_month_whose_workers_are_killed_gives_the_tables_of_one_process(
    make: Callable[..., Machine],
    production: Callable[[str], dict[str, Any]],
    snowflake_server: SnowflakeServer,
    tmp_path: Path,
) -> None:
    with landed(tmp_path / "alone", **production("alone")) as alone:
        alone.materialize(DAYS[0], DAYS[-1])
        expected = alone.tables()
    machine = make(RABBITMQ, **production("workers"))
    homes = (tmp_path / f"machine-{number}" for number in count())
    reader, writer = machine.worker(STAGE, next(homes)), machine.worker(WAREHOUSE, next(homes))
    halted = machine.staging_halts()
    run = machine.materialize()
    machine.wait_until_staging_halts()
    snowflake_server.stop_before(LOAD)
    kill(reader)
    halted.close()
    machine.worker(STAGE, next(homes))

    for following in (MODELS, None):
        assert snowflake_server.wait_until_stopped(PATIENCE), machine.logs()
        kill(writer)
        snowflake_server.abort_sessions()
        if following:
            snowflake_server.stop_before(following)
        writer = machine.worker(WAREHOUSE, next(homes))

    assert run.wait(PATIENCE) == 0, machine.logs()
    starts = events(machine, dg.DagsterEventType.STEP_START)
    twice = sorted(step.rpartition("__")[2] for (_, step), times in starts.items() if times > 1)
    assert len(twice) == 3, starts
    assert twice[0] == "marts"
    assert twice[1].startswith(("part", "record"))
    assert twice[2] == "revenue"
    assert machine.made.tables() == expected
    assert len(expected["main.revenue"]) == len(DAYS) * 80
    found = {path.name for home in tmp_path.glob("machine-*") for path in home.iterdir()}
    assert found.isdisjoint({"landing", "objects", "warehouse.duckdb", "pseudonym_keys"})
