"""The daily schedule and the hook on failures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.resources.notifier import Notifier
from sales_assets_tests.harness import SHOP, TILL, Installation

TOLD: list[tuple[str, str]] = []


class Listening(Notifier):
    """Keeps what it is told."""

    def notify(self, title: str, text: str) -> None:
        TOLD.append((title, text))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP, TILL]) as made:
        yield made


def test_the_schedule_asks_for_yesterday_of_the_sources_that_still_deliver(
    shop: Installation,
) -> None:
    schedule = shop.definitions.get_schedule_def("daily")

    def asked_at(month: int, day: int) -> list[str | None]:
        context = dg.build_schedule_context(
            instance=shop.instance,
            scheduled_execution_time=datetime(2024, month, day, 6, tzinfo=UTC),
            repository_def=shop.definitions.get_repository_def(),
        )
        requests = schedule.evaluate_tick(context).run_requests or []
        return [request.partition_key for request in requests]

    assert asked_at(1, 5) == ["2024-01-04"]
    assert asked_at(6, 5) == []


def test_a_failed_run_is_told_with_its_assets_and_the_reason(shop: Installation) -> None:
    TOLD.clear()
    shop.write_drop("shop", "2024-01-01.csv", "order,sold_on\n1,2024-01-01\n")
    result = shop.materialize("2024-01-01", "2024-01-01", ["shop"], raise_on_error=False)
    assert not result.success
    run_failures(shop, result)
    [(title, text)] = TOLD
    assert "tests/shop/raw" in title
    assert "lacks 'item'" in text


def test_an_interrupted_run_is_not_told_as_a_failure(shop: Installation) -> None:
    TOLD.clear()
    shop.write_drop("shop", "2024-01-01.csv", "order,sold_on\n1,2024-01-01\n")
    result = shop.materialize("2024-01-01", "2024-01-01", ["shop"], raise_on_error=False)
    shop.instance.report_run_canceled(result.dagster_run)
    run_failures(shop, result)
    assert TOLD == []


def run_failures(shop: Installation, result: dg.ExecuteInProcessResult) -> None:
    """Hand the failure of a run to the sensor, as the daemon does."""
    run = shop.instance.get_run_by_id(result.run_id)
    assert run is not None
    [failure] = result.filter_events(lambda e: e.event_type_value == "PIPELINE_FAILURE")
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failures",
        dagster_event=failure,
        dagster_instance=shop.instance,
        dagster_run=run,
        resources={"notifier": Listening()},
    ).for_run_failure()
    shop.definitions.get_sensor_def("run_failures")(context)
