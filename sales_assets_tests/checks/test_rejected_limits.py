"""How many lines of a day may be rejected before somebody is told, and before nothing goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
import yaml

from sales_assets.checks.reconcile import rejected_in_limits
from sales_assets.contracts.quality import RejectedLimit, Severity
from sales_assets.instance.ended_runs import failure_reasons
from sales_assets.summary import CheckCounts, count_checks
from sales_assets_tests.contracts.builders import column, contract
from sales_assets_tests.harness import SHOP, Installation, drop

KEY = dg.AssetKey(["tests", "shop", "rejected"])
DAY, NEXT = date(2024, 1, 1), date(2024, 1, 2)
LIMITS = (
    RejectedLimit(Decimal(5), True, Severity.ERROR),
    RejectedLimit(Decimal(1), False, Severity.WARNING),
)
READ = contract([column("a")], rejected_limits=LIMITS)


@pytest.mark.parametrize(
    ("rejected", "passed", "severity"),
    [
        (0, True, None),
        (9, True, None),
        (10, False, dg.AssetCheckSeverity.WARN),
        (50, False, dg.AssetCheckSeverity.WARN),
        (51, False, dg.AssetCheckSeverity.ERROR),
        (1000, False, dg.AssetCheckSeverity.ERROR),
    ],
)
def test_a_day_above_a_limit_is_told_with_its_severity(
    rejected: int, passed: bool, severity: dg.AssetCheckSeverity | None
) -> None:
    found = rejected_in_limits(KEY, READ, {DAY: (1000 - rejected, rejected), NEXT: (5, 0)})

    assert found.passed is passed
    if severity is not None:
        assert found.severity is severity
        assert str(DAY) in str(found.metadata["days"].value)
        assert str(NEXT) not in str(found.metadata["days"].value)


def test_days_without_lines_are_within_every_limit() -> None:
    none = contract(
        [column("a")], rejected_limits=(RejectedLimit(Decimal(0), False, Severity.ERROR),)
    )

    assert rejected_in_limits(KEY, none, {DAY: (0, 0), NEXT: (5, 0)}).passed
    assert not rejected_in_limits(KEY, none, {DAY: (999_999, 1)}).passed


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    content = yaml.safe_load(SHOP.read_text())
    content["schema"][0]["quality"] = [
        {"metric": "invalidValues", "unit": "percent", "mustBeLessOrEqualTo": 50}
    ]
    file = tmp_path / SHOP.name
    file.write_text(yaml.safe_dump(content))
    with Installation(tmp_path / "home", [file]) as made:
        yield made


def test_too_many_rejected_lines_stop_the_marts_until_the_file_is_dropped_again_correctly(
    shop: Installation,
) -> None:
    good, wrong = f"1,{DAY},tea,ann,1", f"2,{DAY},tea,ann,much"
    shop.write_drop("shop", f"{DAY}.csv", drop(good, wrong, wrong))
    blocked = shop.materialize(str(DAY), str(DAY), raise_on_error=False)

    (check,) = [
        found
        for found in blocked.get_asset_check_evaluations()
        if found.check_name == "rejected_in_limits"
    ]
    assert not check.passed
    assert "2 of 3 lines, 66.67 %" in str(check.metadata["days"].value)
    assert shop.query("SELECT line, reasons FROM rejected ORDER BY line") == [
        (3, ["price: 'much' is no number with at most 4 decimals"]),
        (4, ["price: 'much' is no number with at most 4 decimals"]),
    ]
    assert shop.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'") == []
    (reason,) = failure_reasons(shop.instance, blocked.dagster_run)
    assert reason.startswith(
        "tests/shop/revenue: rejected_in_limits: Expected: of each day's lines rejected up to 50 %"
    )
    assert reason.endswith(f"- **{DAY}**: 2 of 3 lines, 66.67 %")
    counted = count_checks(shop.instance, shop.definitions.resolve_asset_graph().asset_check_keys)
    assert counted[KEY] == CheckCounts(failed=1)

    shop.write_drop("shop", f"{DAY}.csv", drop(good, wrong))
    assert shop.materialize(str(DAY), str(DAY)).success
    assert shop.query("SELECT accepted, rejected FROM ledger") == [(1, 1)]
    assert shop.query("SELECT sum(lines)::INT FROM daily_revenue") == [(1,)]


def test_the_rejected_lines_of_each_day_are_counted_for_the_plots(shop: Installation) -> None:
    good, wrong = f"1,{DAY},tea,ann,1", f"2,{DAY},tea,ann,much"
    shop.write_drop("shop", f"{DAY}.csv", drop(good, good, good, wrong))
    shop.materialize(str(DAY), str(NEXT), marts=False)

    told = {
        record.partition_key: {name: value.value for name, value in metadata.items()}
        for record in shop.instance.fetch_materializations(KEY, limit=10).records
        if record.asset_materialization is not None
        for metadata in [record.asset_materialization.metadata]
    }
    names = ("dagster/partition_row_count", "lines", "rejected_percent")
    assert {day: tuple(values[name] for name in names) for day, values in told.items()} == {
        str(DAY): (1, 4, 25.0),
        str(NEXT): (0, 0, 0.0),
    }
