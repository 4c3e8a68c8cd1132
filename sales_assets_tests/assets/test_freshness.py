"""Assets are expected to be materialised once a day, after the drops that contracts promise."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest
from dagster._core.definitions import freshness_evaluator
from dagster._core.definitions.freshness import CronFreshnessPolicy, FreshnessState
from dagster._core.loader import LoadingContext

from sales_assets.assets.keys import asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets_tests.harness import SHOP, TILL, Installation

DAILY_REVENUE = dg.AssetKey(["marts", "daily_revenue"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP, TILL]) as made:
        yield made


def promise(made: Installation, contract: Path, at: str, *, goes_on: bool = True) -> None:
    """Write a time of availability into a contract, and take away the end of its history."""
    file = made.settings.contracts_folder / contract.name
    level = f'slaProperties:\n  - {{property: timeOfAvailability, value: "{at}"}}\n'
    text = file.read_text().replace("slaProperties:\n", "")
    lines = [line for line in text.splitlines() if "property: latency" not in line]
    text = "\n".join(lines).replace("schema:", f"{level}schema:", 1)
    file.write_text(text.replace(", end: 2024-03-01", "") if goes_on else text)
    made.reload()


def policy(made: Installation, key: dg.AssetKey) -> dg.FreshnessPolicy | None:
    return made.definitions.resolve_asset_graph().get(key).freshness_policy


def deadline(made: Installation, key: dg.AssetKey) -> str:
    found = policy(made, key)
    assert isinstance(found, CronFreshnessPolicy)
    assert (found.timezone, found.lower_bound_delta) == ("UTC", timedelta(days=1))
    return found.deadline_cron


def test_what_no_contract_promises_is_not_waited_for(shop: Installation) -> None:
    graph = shop.definitions.resolve_asset_graph()
    assert not any(graph.get(key).freshness_policy for key in graph.materializable_asset_keys)


def test_a_history_that_has_an_end_is_not_waited_for_for_ever(shop: Installation) -> None:
    promise(shop, SHOP, "06:00+00:00", goes_on=False)
    assert policy(shop, asset_key(shop.contracts["shop"], "raw")) is None
    assert policy(shop, DAILY_REVENUE) is None


def test_all_layers_of_a_source_are_due_an_hour_after_its_drop_and_the_marts_after_the_last(
    shop: Installation,
) -> None:
    promise(shop, SHOP, "06:15-02:00")
    keys = [asset_key(shop.contracts["shop"], layer) for layer in LAYERS]
    assert {deadline(shop, key) for key in keys} == {"15 9 * * *"}
    assert deadline(shop, DAILY_REVENUE) == "15 10 * * *"
    assert policy(shop, asset_key(shop.contracts["till"], "raw")) is None


def test_dagster_itself_judges_an_asset_by_its_policy(shop: Installation) -> None:
    promise(shop, SHOP, "06:00+00:00")
    key = asset_key(shop.contracts["shop"], "raw")
    shop.materialize("2024-01-01", "2024-01-01", ["shop"], layers=["raw"], marts=False)
    record = shop.instance.get_latest_materialization_event(key)
    assert record is not None
    came = datetime.fromtimestamp(record.timestamp, UTC)

    def state(later: timedelta) -> FreshnessState:
        with patch.object(freshness_evaluator, "get_current_datetime", lambda _: came + later):
            evaluator = freshness_evaluator.CronFreshnessPolicyEvaluator()
            node = shop.definitions.resolve_asset_graph().get(key)
            context = LoadingContextOf(shop.instance)
            return asyncio.run(evaluator.evaluate_freshness(context, node))

    assert state(timedelta(minutes=1)) is FreshnessState.PASS
    assert state(timedelta(days=3)) is FreshnessState.FAIL


class LoadingContextOf(LoadingContext):
    """What Dagster's daemon reads an instance's records by."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict[type, Any] = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict[type, Any]:
        return self._loaders
