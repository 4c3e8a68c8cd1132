"""The code location, loaded in a fresh interpreter as the daemon and the UI load it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sales_assets_tests.harness import PROJECT

LOAD = """
import json, sys

connections = []
sys.addaudithook(
    lambda event, arguments: connections.append(str(arguments))
    if event in {"socket.connect", "socket.getaddrinfo"} else None
)
from sales_assets.definitions import defs

graph = defs.resolve_asset_graph()
print(json.dumps({
    "connections": connections,
    "modules": sorted(sys.modules),
    "assets": sorted(key.to_user_string() for key in graph.materializable_asset_keys),
    "partitions": len({str(graph.get(key).partitions_def) for key in graph.materializable_asset_keys
                       if graph.get(key).partitions_def}),
    "undescribed": sorted(key.to_user_string() for key in graph.materializable_asset_keys
                          if not graph.get(key).description),
    "unowned": sorted(key.to_user_string() for key in graph.materializable_asset_keys
                      if not graph.get(key).owners),
}))
"""


def load(tmp_path: Path) -> dict[str, object]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        cwd=PROJECT,
        env={**kept, "SALES_ASSETS_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_code_location_loads_without_network_dbt_parse_or_pandas(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found["connections"] == []
    modules = found["modules"]
    assert isinstance(modules, list)
    assert "pandas" not in modules
    assert "dbt.parser.manifest" not in modules, "nothing is parsed"
    assert "snowflake.connector" not in modules
    assert "prometheus_client" not in modules
    assert not (tmp_path / "home").exists(), "loading writes nothing"


def test_all_assets_are_in_the_one_object_with_one_partitions_definition(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found["assets"] == [
        "core/fct_sales",
        "global/global_sales/raw",
        "global/global_sales/rejected",
        "global/global_sales/revenue",
        "global/global_sales/staged",
        "marts/customer_value",
        "marts/daily_revenue",
        "marts/revenue_by_product",
        "marts/revenue_by_region",
        "marts/revenue_by_team",
        "platform/costs",
        "rates/exchange_rates",
        "reports/data_dictionary",
        "reports/marts_parquet",
        "reports/marts_sqlite",
        "reports/sales_report",
        "retail/pizzaplace/raw",
        "retail/pizzaplace/rejected",
        "retail/pizzaplace/revenue",
        "retail/pizzaplace/staged",
        "staging/stg_exchange_rates",
        "staging/stg_sales",
    ]
    assert found["partitions"] == 1
    assert found["undescribed"] == []
    assert found["unowned"] == []
