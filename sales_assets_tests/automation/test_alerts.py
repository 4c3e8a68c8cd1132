"""The sensor that does the passes of alerts, on the real definitions."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sales_assets_tests.harness import SHOP, TILL, Installation, drop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP, TILL]) as made:
        tick(made)
        yield made


def tick(shop: Installation) -> str:
    """A tick of the sensor; what it says."""
    context = dg.build_sensor_context(
        instance=shop.instance, repository_def=shop.definitions.get_repository_def()
    )
    ticked = shop.definitions.get_sensor_def("alerts").evaluate_tick(context)
    return str(ticked.skip_message)


def test_a_failed_run_is_told_in_the_log_with_its_assets_and_the_reason(
    shop: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    file = shop.write_drop("shop", "2024-01-01.csv", "order,sold_on\n1,2024-01-01\n")
    shop.materialize("2024-01-01", "2024-01-01", ["shop"], raise_on_error=False)
    with caplog.at_level(logging.INFO, "sales_assets.alerts"):
        assert tick(shop) == "1 opened, 0 recovered, 1 sent"
    [told] = [record.getMessage() for record in caplog.records]
    assert told.startswith("ERROR tests/shop/raw failed for 2024-01-01")
    assert "lacks 'item'" in told
    assert "marts/daily_revenue" in told
    assert "reports/sales_report" in told
    assert "sales-assets materialize --source shop --from 2024-01-01 --to 2024-01-01" in told
    assert tick(shop) == "0 opened, 0 recovered, 0 sent"
    file.write_text(drop("1,2024-01-01,tea,ann,1.5"))
    caplog.clear()
    shop.materialize("2024-01-01", "2024-01-01", ["shop"])
    with caplog.at_level(logging.INFO, "sales_assets.alerts"):
        tick(shop)
    recovered = [r for r in caplog.records if r.getMessage().startswith("RECOVERED")]
    assert [(r.levelno, r.getMessage().splitlines()[0]) for r in recovered] == [
        (logging.INFO, "RECOVERED tests/shop/raw failed for 2024-01-01")
    ]


def test_an_interrupted_run_is_not_told_as_a_failure(shop: Installation) -> None:
    shop.write_drop("shop", "2024-01-01.csv", "order,sold_on\n1,2024-01-01\n")
    result = shop.materialize("2024-01-01", "2024-01-01", ["shop"], raise_on_error=False)
    shop.instance.report_run_canceled(result.dagster_run)
    assert tick(shop) == "0 opened, 0 recovered, 0 sent"
