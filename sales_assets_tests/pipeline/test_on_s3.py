"""Drops and staged objects in buckets give the tables that directories give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.harness import SAMPLE, SHOP, TILL, Installation, drop
from sales_assets_tests.pipeline.test_same_tables import DAYS, FIRST, LAST
from sales_assets_tests.s3 import s3_backend

pytestmark = pytest.mark.long


def on_s3(bucket: str, endpoint: str) -> dict[str, Any]:
    return {
        "landing_zone": f"s3://{bucket}/in",
        "object_store": "s3",
        "s3_bucket": bucket,
        "s3_prefix": "staged",
        "s3_region": "us-east-1",
        "s3_endpoint_url": endpoint,
    }


def fill(made: Installation) -> None:
    for day, lines in DAYS.items():
        made.write_drop("shop", f"shop_{day}.csv", drop(*lines))
    made.write_drop("till", "till.csv", drop(*[line for lines in DAYS.values() for line in lines]))


def test_drops_and_objects_on_s3_give_the_tables_of_directories(
    bucket: str, endpoint: str, tmp_path: Path
) -> None:
    with (
        Installation(tmp_path / "directory", [SHOP, TILL], chunk_days=2) as plain,
        Installation(
            tmp_path / "s3", [SHOP, TILL], chunk_days=2, **on_s3(bucket, endpoint)
        ) as remote,
    ):
        for made in (plain, remote):
            fill(made)
            made.materialize(FIRST, LAST)
        assert remote.tables() == plain.tables()
        assert len(remote.tables()["main.revenue"]) == 12
        assert remote.staged_objects() == plain.staged_objects()

        restated = drop("b9,2024-01-02,tea,eve,7.77")
        for made in (plain, remote):
            made.write_drop("shop", "shop_2024-01-02.csv", restated)
            made.materialize("2024-01-02", "2024-01-02")
        assert remote.tables() == plain.tables()
        assert remote.staged_objects() == plain.staged_objects()
        assert not (remote.settings.home / "landing").exists()
        assert not (remote.settings.home / "objects").exists()


def test_the_sample_landed_on_s3_gives_the_revenue_of_the_sample_landed_in_a_directory(
    bucket: str, endpoint: str, tmp_path: Path
) -> None:
    found = []
    wanted: dict[str, dict[str, Any]] = {"directory": {}, "s3": on_s3(bucket, endpoint)}
    for name, settings in wanted.items():
        with Installation(tmp_path / name, **settings) as made:
            made.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
            made.materialize("2015-01-01", "2015-01-31", ["pizzaplace"], marts=False)
            found.append(
                made.query("SELECT * EXCLUDE (loaded_at) FROM ledger WHERE lines > 0 ORDER BY ALL")
                + made.query("SELECT * FROM revenue ORDER BY ALL")
            )
    assert found[0] == found[1]
    assert len(found[0]) > 1000
    assert "in/retail/pizzaplace/pizzaplace.csv.gz" in set(s3_backend().get_bucket(bucket).keys)
