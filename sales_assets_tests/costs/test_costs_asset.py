"""`platform/costs`, materialised: figures of a day, observations of assets, the budget's check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sales_assets.assets.costs import COSTS, last_days
from sales_assets.costs.ledger import Ledger
from sales_assets.costs.tables import STEPS
from sales_assets.partitions import DAY, Window
from sales_assets_tests.harness import QUIET, SHOP, Installation, calling, drop

SHOP_RAW = dg.AssetKey(["tests", "shop", "raw"])


def teams_file(folder: Path, budget: str) -> Path:
    file = folder / "teams.yaml"
    own = {"budget": budget}
    shared = {"builds": "shared", "prefixes": ["rates", "staging", "core", "marts", "reports"]}
    shared["prefixes"] += ["platform"]  # type: ignore[operator]
    told = {
        "version": 1,
        "admins": ["ada@example.com"],
        "rates": {"cpu_hour": 36, "gigabyte_read": 1},
        "teams": {"tests": own, "analytics": shared},
    }
    file.write_text(yaml.safe_dump(told))
    return file


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Installation]:
    file = teams_file(tmp_path, "0.000001")
    with Installation(tmp_path / "home", [SHOP], teams_file=file) as installation:
        installation.write_drop("shop", "2024-02-01.csv", drop("1,2024-02-01,tea,ann,2.5"))
        installation.materialize("2024-02-01", "2024-02-01", marts=False)
        yield installation


def make_up(made: Installation, earlier: int = 0) -> dg.ExecuteInProcessResult:
    window = last_days(datetime.now(UTC))
    window = Window(window.start - earlier * DAY, window.end)
    job = made.definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=made.instance,
        asset_selection=[COSTS],
        run_config=QUIET,
        tags={
            "dagster/asset_partition_range_start": window.first_key,
            "dagster/asset_partition_range_end": window.last_key,
        },
    )


def numbers(metadata: Any) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def test_a_day_is_told_in_numbers_each_asset_observed_once_and_the_budget_judged(
    made: Installation,
) -> None:
    result = make_up(made)
    assert result.success, "a budget that is used up stops nothing"
    days = {
        made_up.partition: numbers(made_up.metadata)
        for made_up in result.asset_materializations_for_node("platform__costs")
    }
    today = datetime.now(UTC).date()
    assert set(days) == {(today - DAY).isoformat(), today.isoformat()}
    told = {name: sum(day[name] for day in days.values()) for name in ("cpu_seconds", "bytes_read")}
    assert told["cpu_seconds"] > 0
    assert told["bytes_read"] > 0
    assert sum(day["cost"] for day in days.values()) > 0

    [seen] = made.instance.fetch_observations(SHOP_RAW, limit=10).records
    assert seen.run_id == "", "of no run"
    observed = numbers(seen.asset_observation.metadata)  # type: ignore[union-attr]
    assert observed["bytes_read"] > 0
    assert observed["peak_megabytes"] > 10
    assert 0 < observed["cost"] < told["cpu_seconds"]

    [check] = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert "tests has used" in f"{check.description}"

    make_up(made)
    again = made.instance.fetch_observations(SHOP_RAW, limit=10).records
    assert len(again) == 1, "nothing is observed twice that has not changed"


def test_the_day_before_yesterday_is_told_to_assets_too_when_it_is_made_again(
    made: Installation,
) -> None:
    ago = DAY * 2
    with Ledger(made.settings.catalogue_address).engine.begin() as connection:
        begun = STEPS.c.begun - ago // timedelta(microseconds=1)
        connection.execute(STEPS.update().values(begun=begun))
    make_up(made, earlier=1)
    [seen] = made.instance.fetch_observations(SHOP_RAW, limit=10).records
    told = numbers(seen.asset_observation.metadata)  # type: ignore[union-attr]
    assert told["day"] == (datetime.now(UTC).date() - ago).isoformat()


def test_the_command_s_rows_add_up_to_its_total_in_every_form(
    made: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = calling(monkeypatch, capsys)
    monkeypatch.setenv("SALES_ASSETS_HOME", str(made.settings.home))
    monkeypatch.setenv("SALES_ASSETS_CONTRACTS", str(made.settings.contracts))
    since = (datetime.now(UTC).date() - DAY).isoformat()
    for with_prices in (False, True):
        if with_prices:
            monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(made.settings.teams_file))
        totals = set()
        for by in ("team", "source", "asset", "step", "run"):
            code, out, _ = call("costs", "--by", by, "--since", since, "--format", "json")
            assert code == 0
            told = json.loads(out)
            assert told["currency"] == ("EUR" if with_prices else None)
            rows, total = told["rows"], told["total"]
            for amount in ("cpu_seconds", "wall_seconds", "credits", "bytes_read"):
                added = sum((Decimal(str(row[amount])) for row in rows), Decimal(0))
                assert added == Decimal(str(total[amount]))
            assert (Decimal(total["cost"] or 0) > 0) is with_prices
            totals.add(json.dumps(total | {by: ""}, sort_keys=True).replace(f'"{by}"', '"by"'))
        assert len({t.partition('"cost"')[2].split(",")[0] for t in totals}) == 1
    code, table, _ = call("costs", "--by", "source", "--since", since)
    assert code == 0
    assert "tests/shop" in table
    assert "total" in table
    code, text, _ = call("costs", "--since", since, "--format", "csv")
    header, *rows = text.splitlines()
    assert header.startswith("team,of_team,idle,cpu_seconds")
    assert len(rows) == 3, "two teams and the total"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--month", "2024-13"], "month like"),
        (["--month", "2024-05", "--since", "2024-05-01"], "one of them"),
        (["--until", "2024-05-01"], "needs --since"),
        (["--since", "2024-05-02", "--until", "2024-05-02"], "no day"),
        (["--since", "soon"], "day like"),
    ],
)
def test_days_that_are_none_are_refused(
    arguments: list[str],
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    code, _, err = calling(monkeypatch, capsys)("costs", *arguments)
    assert code == 2
    assert word in err
