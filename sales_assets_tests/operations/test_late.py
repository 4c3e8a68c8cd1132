"""Which command makes what is late; what is late is in `test_gathering`."""

from __future__ import annotations

from sales_assets.healing.days import MODELS
from sales_assets.healing.failed import CHECKS_LEFT, FAILED
from sales_assets.operations.late import making


def test_days_that_only_healing_knows_to_be_due_are_made_by_a_command_that_asks_it() -> None:
    command = "sales-assets backfill --missing --source"
    assert making("tests/shop", [FAILED, CHECKS_LEFT]) == f"{command} tests/shop"
    assert making(MODELS, [FAILED]) == f"{command} models"


def test_days_that_are_not_as_their_drops_are_are_made_without_a_daemon() -> None:
    command = "sales-assets materialize --missing"
    assert making("tests/shop", [FAILED, "never made"]) == f"{command} --source tests/shop"
    assert making(MODELS, ["never made"]) == command
