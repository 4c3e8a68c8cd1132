"""Runs over Celery workers with drops and objects on S3 and the warehouse on Snowflake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.workers import STAGE, WAREHOUSE
from sales_assets_tests.distributed.machine import (
    DAYS,
    PATIENCE,
    Machine,
    events,
    kill,
    landed,
)
from sales_assets_tests.s3 import REGION, new_bucket
from sales_assets_tests.services import RABBITMQ
from sales_assets_tests.snowflake.running import SnowflakeServer

pytestmark = pytest.mark.long
HALTS = {
    "revenue": r"^INSERT INTO main\.revenue ",
    "marts": r"core\.fct_sales",
}
"""The step whose worker is killed, and the statement that it is killed at."""


@pytest.fixture
def production(
    snowflake_server: SnowflakeServer, endpoint: str, tmp_path: Path
) -> Callable[[str], dict[str, Any]]:
    """Settings of an installation with a bucket and a database of its own."""

    def settings(name: str) -> dict[str, Any]:
        bucket = new_bucket()
        return {
            **snowflake_server.settings(),
            "landing_zone": f"s3://{bucket}/landing",
            "object_store": "s3",
            "s3_bucket": bucket,
            "s3_prefix": "staged",
            "s3_region": REGION,
            "s3_endpoint_url": endpoint,
            "dbt_prepared_path": tmp_path / f"prepared-{name}",
        }

    return settings


@pytest.mark.parametrize("step", HALTS)
def test_a_month_whose_writer_is_killed_gives_the_tables_of_one_process(
    make: Callable[..., Machine],
    production: Callable[[str], dict[str, Any]],
    snowflake_server: SnowflakeServer,
    tmp_path: Path,
    step: str,
) -> None:
    with landed(tmp_path / "alone", **production("alone")) as alone:
        alone.materialize(DAYS[0], DAYS[-1])
        expected = alone.tables()
    machine = make(RABBITMQ, **production("workers"))
    machine.worker(STAGE)
    doomed = machine.worker(WAREHOUSE)
    snowflake_server.stop_before(HALTS[step])
    run = machine.materialize()
    assert snowflake_server.wait_until_stopped(PATIENCE), machine.logs()

    kill(doomed)
    snowflake_server.abort_sessions()
    machine.worker(WAREHOUSE)

    assert run.wait(PATIENCE) == 0, machine.logs()
    starts = events(machine, dg.DagsterEventType.STEP_START)
    twice = [name for (_, name), times in starts.items() if times > 1]
    assert len(twice) == 1, starts
    assert twice[0].endswith(step)
    assert machine.made.tables() == expected
