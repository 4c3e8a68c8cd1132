"""`sales-assets materialize` and `ui`: days that fail or are none, and the instance they run on."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.assets.exchange_rates import POOL
from sales_assets_tests.cli.files import write
from sales_assets_tests.harness import SHOP, TILL, Installation, Run, drop


def test_the_days_around_a_refused_drop_are_materialised(
    run: Run, home: Path, tmp_path: Path
) -> None:
    for day in ("2024-01-01", "2024-01-03"):
        file = write(tmp_path, f"{day}.csv", drop(f"1,{day},tea,ann,1"))
        assert run("land", file, "--source", "shop")[0] == 0
    (home / "landing/tests/shop/2024-01-02.csv").write_text("not the header\n")
    code, _, err = run(
        "materialize", "--source", "shop", "--from", "2024-01-01", "--to", "2024-01-03"
    )
    assert code == 1
    assert err.count("Failed:") == 1
    assert "the header lacks 'order'" in err
    _, out, _ = run("query", "SELECT sum(amount)::INT AS total FROM revenue", "--format", "csv")
    assert out.split() == ["total", "2"]


def test_a_bad_drop_in_the_landing_zone_fails_its_day_by_name_and_leaves_the_others(
    home: Path,
) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.write_drop("shop", "2024-01-02.csv", "order,sold_on\n1,2024-01-02\n")
        made.write_drop("shop", "2024-01-03.csv", drop("3,2024-01-03,tea,ann,3"))
        result = made.materialize("2024-01-01", "2024-01-03", ["shop"], raise_on_error=False)
        assert not result.success
        raw = made.instance.get_materialized_partitions(dg.AssetKey(["tests", "shop", "raw"]))
        assert raw == {"2024-01-01", "2024-01-03"}
        assert made.query("SELECT count(*) FROM revenue") == [(0,)]


def test_days_outside_of_every_history_are_told_as_such(run: Run, home: Path) -> None:
    code, told, _ = run("materialize", "--source", "shop", "--from", "2024-06-01")
    assert code == 0
    assert "No day of a source's history was asked for" in told


def test_the_ui_is_started_on_an_instance_that_lets_one_run_at_a_time_call_the_api(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, arguments: started.append(arguments))
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    (home / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert run("ui", "--port", "3456")[0] == 0
    [arguments] = started
    assert arguments[-4:] == ["--port", "3456", "--host", "127.0.0.1"]
    assert os.environ["DAGSTER_HOME"] == str(home / "dagster")
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        [pool] = instance.event_log_storage.get_pool_limits()
    assert (pool.name, pool.limit) == (POOL, 1)
