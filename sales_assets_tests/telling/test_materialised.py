"""What a person finds who opens a partition, after the real definitions have run."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sales_assets.contracts.preview import LINES
from sales_assets.resources.duckdb_session import DuckDBSession
from sales_assets_tests.harness import SAMPLE, SHOP, Installation, drop

FIRST, LAST = "2015-01-01", "2015-02-28"
NAMES = ("zoe.secret", "quentin.hidden")


def told(made: Installation, asset: str, day: str) -> dict[str, Any]:
    """What the newest materialisation of a day says."""
    records = made.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset.split("/")), asset_partitions=[day]),
        limit=1,
    ).records
    (found,) = [record.asset_materialization for record in records]
    assert found is not None
    return {
        name: value if isinstance(value, dg.TableMetadataValue) else value.value
        for name, value in found.metadata.items()
    }


@pytest.fixture(scope="module")
def pizzaplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The sample's first two months, in one run."""
    with Installation(tmp_path_factory.mktemp("sample") / "home") as made:
        made.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
        assert made.materialize(FIRST, LAST, ["pizzaplace"]).success
        yield made


@pytest.mark.long
def test_each_layer_of_the_sample_says_what_a_day_is(pizzaplace: Installation) -> None:
    raw = told(pizzaplace, "retail/pizzaplace/raw", LAST)
    assert (raw["status"], raw["lines"], raw["bytes"]) == ("present", 154, 296_831)
    assert raw["files"] == "retail/pizzaplace/pizzaplace.csv.gz"
    assert re.fullmatch("[0-9a-f]{64}", raw["sha256"])
    same = {
        "lines": 154,
        "accepted": 154,
        "rejected": 0,
        "rejected_percent": 0.0,
        "net revenue USD": 2539.6,
    }
    staged, revenue, rejected = (
        told(pizzaplace, f"retail/pizzaplace/{layer}", LAST)
        for layer in ("staged", "revenue", "rejected")
    )
    assert {name: staged[name] for name in same} == same
    assert {name: revenue[name] for name in same} == same
    assert staged["first lines"] == revenue["first lines"]
    assert (
        revenue["orders"]
        == pizzaplace.query(
            f"SELECT count(DISTINCT order_id) FROM revenue WHERE partition_date = '{LAST}'"
        )[0][0]
    )
    assert (revenue["order dates"], revenue["net_amount_exact"]) == (LAST, "2539.6000")
    assert rejected["dagster/partition_row_count"] == 0
    rates = told(pizzaplace, "rates/exchange_rates", "2015-02-08")
    assert (rates["rate_date"], rates["age of the rates in days"]) == ("2015-02-06", 2)
    ((net,),) = pizzaplace.query(
        f"SELECT round(reporting_net_revenue, 2) FROM daily_revenue WHERE order_date = '{LAST}'"
    )
    assert told(pizzaplace, "core/fct_sales", LAST)["dagster/partition_row_count"] == 154
    assert told(pizzaplace, "marts/daily_revenue", LAST)["net revenue in EUR"] == float(net)
    assert told(pizzaplace, "marts/daily_revenue", LAST)["orders"] == revenue["orders"]


@pytest.mark.long
def test_pictures_are_of_the_newest_day_and_first_lines_of_the_newest_week(
    pizzaplace: Installation,
) -> None:
    newest = told(pizzaplace, "retail/pizzaplace/revenue", LAST)
    assert "USD, 2015-01-01 to 2015-02-28" in newest["revenue by day"]
    assert len(newest["first lines"].records) == LINES
    week = told(pizzaplace, "retail/pizzaplace/revenue", "2015-02-22")
    assert "first lines" in week
    assert "revenue by day" not in week
    before = told(pizzaplace, "retail/pizzaplace/revenue", "2015-02-21")
    assert "first lines" not in before
    assert before.keys() == week.keys() - {"first lines"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    """A shop whose customers are personal."""
    content = yaml.safe_load(SHOP.read_text())
    customer = next(
        entry for entry in content["schema"][0]["properties"] if entry["name"] == "customer"
    )
    customer |= {"classification": "personal", "logicalTypeOptions": {"pattern": "[a-z.]+"}}
    file = tmp_path / SHOP.name
    file.write_text(yaml.safe_dump(content))
    with Installation(tmp_path / "home", [file]) as made:
        yield made


def test_no_event_of_a_run_has_a_personal_value_not_even_in_a_picture(shop: Installation) -> None:
    good, wrong = NAMES
    shop.write_drop(
        "shop",
        "2024-01-01.csv",
        drop(
            f"1,2024-01-01,tea,{good},1",
            f"2,2024-01-01,tea,{wrong},much",
            f"3,2024-01-01,tea,{wrong.upper()},1",
            f"4,2024-01-01,tea,{wrong},1,{good}",
        ),
    )

    run = shop.materialize("2024-01-01", "2024-01-01", marts=False)

    rejected = told(shop, "tests/shop/rejected", "2024-01-01")
    assert len(rejected["first rejected lines"].records) == 3
    assert "| 1 | price | is no number with at most 4 decimals |" in rejected["reasons"]
    assert "image/svg" in rejected["rejected by reason"]
    (line,) = told(shop, "tests/shop/revenue", "2024-01-01")["first lines"].records
    assert re.fullmatch("[0-9a-f]{32}", str(line.data["customer_id"]))
    texts = [repr(entry) for entry in shop.instance.all_logs(run.run_id)]
    texts += [
        b64decode(data).decode() for text in texts for data in re.findall("base64,([^)]*)\\)", text)
    ]
    assert len([text for text in texts if text.startswith("<svg")]) >= 1
    assert not [name for name in NAMES for text in texts if name in text.lower()]


def test_a_backfill_asks_the_same_statements_for_a_chunk_as_for_a_day(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2024-01-{n:02}" for n in range(1, 32)]
    for day in days:
        shop.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1", f"2,{day},tea,ann,much"))
    asked: list[str] = []
    query = DuckDBSession.query

    def counting(session: DuckDBSession, sql: str, parameters: Any = ()) -> Any:
        asked.append(sql)
        return query(session, sql, parameters)

    monkeypatch.setattr(DuckDBSession, "query", counting)
    counts: list[list[str]] = []
    for first, last in (days[0], days[1]), (days[2], days[-1]):
        asked.clear()
        shop.materialize(first, last, marts=False, rates=False)
        counts.append([sql for sql in asked if sql.startswith("SELECT")])

    assert len(counts[0]) == len(counts[1]) > 0
    assert "first lines" in told(shop, "tests/shop/revenue", days[-1])
