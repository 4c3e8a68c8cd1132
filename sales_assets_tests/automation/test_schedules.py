"""The daily schedule and that of deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sales_assets_tests.harness import SHOP, TILL, Installation


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


def test_at_each_promised_time_the_checks_of_the_sources_that_still_deliver_run(
    shop: Installation,
) -> None:
    names = {schedule.name for schedule in shop.definitions.schedules or ()}
    assert "deliveries" not in names, "no contract promises a time"
    for contract, at in ((SHOP, "06:00-02:00"), (TILL, "05:30")):
        file = shop.settings.contracts_folder / contract.name
        level = f'slaProperties:\n  - {{property: timeOfAvailability, value: "{at}"}}\nschema:'
        text = file.read_text().replace("slaProperties:\n", "").replace("schema:", level, 1)
        lines = [line for line in text.splitlines() if "property: latency" not in line]
        file.write_text("\n".join(lines))
    shop.reload()
    schedule = shop.definitions.get_schedule_def("deliveries")
    assert schedule.cron_schedule == ["30 5 * * *", "0 8 * * *"]

    def asked_at(month: int, day: int) -> set[str]:
        context = dg.build_schedule_context(
            instance=shop.instance,
            scheduled_execution_time=datetime(2024, month, day, 8, tzinfo=UTC),
            repository_def=shop.definitions.get_repository_def(),
        )
        requests = schedule.evaluate_tick(context).run_requests or []
        return {key.to_user_string() for one in requests for key in one.asset_check_keys or ()}

    assert asked_at(1, 5) == {
        f"tests/{source}/raw:{name}"
        for source in ("shop", "till")
        for name in ("days_present", "fresh")
    }
    assert asked_at(6, 5) == set()
