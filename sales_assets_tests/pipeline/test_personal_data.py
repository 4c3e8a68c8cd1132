"""Personal data: no clear value leaves the staged lines, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sales_assets_tests.harness import SHOP, Installation, drop

DAY, NEXT = "2024-01-01", "2024-01-02"
PEOPLE = ("zoe.secret", "quentin.hidden", "walburga.private", "ignaz.unseen")
"""Nothing else in an installation has such names."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    content = yaml.safe_load(SHOP.read_text())
    lines = content["schema"][0]
    customer = next(entry for entry in lines["properties"] if entry["name"] == "customer")
    customer["classification"] = "personal"
    customer["logicalTypeOptions"] = {"pattern": "[a-z]+[.][a-z]+|ann"}
    lines["properties"][0]["primaryKey"] = True
    lines["customProperties"] = [{"property": "uniqueAcrossDays", "value": "latest"}]
    lines["quality"] = [
        {
            "name": "nobody_gives_things_away",
            "description": "A named customer pays.",
            "type": "sql",
            "query": "SELECT COUNT(*) FROM ${object} WHERE customer IS NOT NULL AND price = 0",
            "mustBe": 0,
        }
    ]
    file = tmp_path / SHOP.name
    file.write_text(yaml.safe_dump(content))
    with Installation(tmp_path / "home", [file]) as made:
        yield made


def clear_values(made: Installation) -> list[str]:
    """Where a clear name stands, outside of the drops and the staged lines."""
    found = []
    for schema, table in made.query("SELECT schema_name, table_name FROM duckdb_tables()"):
        rows = made.query(f"SELECT * FROM {schema}.{table}")
        found += [f"{table}: {row}" for row in rows for name in PEOPLE if name in repr(row)]
    kept = {made.settings.landing_folder, made.settings.object_folder / "accepted"}
    for path in made.settings.home.rglob("*"):
        if path.is_file() and not kept & set(path.parents):
            content = path.read_bytes()
            found += [str(path) for name in PEOPLE if name.encode() in content]
    return found


def test_no_clear_value_reaches_a_table_a_log_metadata_or_the_report(
    shop: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second, third, fourth = PEOPLE
    shop.write_drop(
        "shop",
        f"{DAY}.csv",
        drop(
            f"1,{DAY},tea,{first},1",
            f"2,{DAY},tea,{second},much",  # rejected for its price
            f"3,{DAY},tea,{third},0",  # rejected by a rule that reads the customer
            f"4,{DAY},tea,{fourth},1,too,many",  # malformed
            f"5,{DAY},tea,{first.upper()},1",  # rejected for the customer itself
            f"1,{DAY},cup,{second},1",  # the same key
            f"6,{DAY},tea,{third},1",
        ),
    )
    shop.write_drop("shop", f"{NEXT}.csv", drop(f"6,{NEXT},cup,{third},2", f"7,{NEXT},tea,ann,3"))

    assert shop.materialize(DAY, NEXT, reports=True).success

    assert shop.query("SELECT count(*) FROM revenue") == [(3,)]
    assert shop.query("SELECT count(*) FROM rejected") == [(6,)]
    assert clear_values(shop) == []
    written = "".join(capfd.readouterr())
    assert not [name for name in PEOPLE if name in written or name.upper() in written]
    assert shop.query("SELECT count(DISTINCT customer_id) FROM customer_value") == [(3,)]


@pytest.mark.parametrize(
    "text",
    [
        f"order;sold_on;item;customer;price\n1;{DAY};tea;{PEOPLE[0]};1\n",
        f"1,{DAY},tea,{PEOPLE[0]},1\n2,{DAY},tea,{PEOPLE[1]},1\n",
        drop(*[f"{n};{DAY};tea;{PEOPLE[2]};1" for n in range(9)]),
    ],
    ids=["another delimiter", "no header", "malformed lines"],
)
def test_a_file_that_is_refused_whole_shows_none_either(
    shop: Installation, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    shop.write_drop("shop", f"{DAY}.csv", text)

    assert not shop.materialize(DAY, DAY, raise_on_error=False).success

    assert clear_values(shop) == []
    written = "".join(capfd.readouterr())
    assert not [name for name in PEOPLE if name in written]
