"""What the script makes and gives is what the pipeline uses, on the stand-in of Snowflake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import snowflake.connector

from sales_assets.setup.snowflake_script import RIGHTS
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.resources.staged import ONE, Stage, counts, stage_in
from sales_assets_tests.resources.staged import SHOP as SOURCE
from sales_assets_tests.s3 import new_bucket
from sales_assets_tests.setup.script import MANAGED, STAGED, script, statements
from sales_assets_tests.snowflake.running import SnowflakeServer, serving

pytestmark = pytest.mark.long
RUN_BY_STAND_IN = ("USE ROLE", "CREATE DATABASE", "CREATE SCHEMA", "CREATE STAGE")
"""It knows no roles, users, grants, virtual warehouses, integrations, nor managed access."""


@pytest.fixture
def server(endpoint: str, tmp_path: Path) -> Iterator[SnowflakeServer]:
    """A Snowflake stand-in that reaches the buckets of the S3 stand-in, with no database."""
    with serving(tmp_path / "snowflake", "--s3-endpoint-url", endpoint) as running:
        yield running


def run_script(server: SnowflakeServer, script: str) -> int:
    """Run what the stand-in knows of a script, signed in without a database."""
    connection = snowflake.connector.connect(
        account="acme-sales",
        user="loader",
        private_key_file=str(server.key),
        host="127.0.0.1",
        port=int(server.url.rpartition(":")[2]),
        protocol="http",
    )
    done = 0
    with connection, connection.cursor() as cursor:
        for statement in statements(script):
            if statement.startswith(RUN_BY_STAND_IN):
                cursor.execute(statement.removesuffix(MANAGED))
                done += 1
    return done


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return stage_in(tmp_path)


def test_a_load_works_in_the_database_that_the_script_made_also_a_second_time(
    server: SnowflakeServer, stage: Stage
) -> None:
    settings = {**server.settings("fresh"), **STAGED}
    told = script(**settings)
    assert run_script(server, told) == run_script(server, told) > 6
    warehouse = server.warehouse("fresh")
    warehouse.replace(SOURCE, [stage(ONE, 3, 1)])
    assert counts(warehouse) == {(SOURCE, ONE): 3}
    schemas = warehouse.rows(
        "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = 'FRESH'"
    )
    assert {"STAGING", "CORE", "MARTS"} <= {name for (name,) in schemas}


def test_the_pipeline_uses_every_right_in_a_schema_and_none_that_it_does_not_have(
    server: SnowflakeServer, endpoint: str, tmp_path: Path
) -> None:
    settings = {
        **server.settings("fresh"),
        **STAGED,
        "s3_bucket": new_bucket(),
        "s3_endpoint_url": endpoint,
        "dbt_prepared_path": tmp_path / "prepared",
    }
    told = script(**settings)
    run_script(server, told)
    before = len(server.statements())
    with Installation(tmp_path / "home", [SHOP], **settings) as made:
        for price in (1, 2):  # tables are made, then their rows are replaced
            made.write_drop("shop", "2024-01-01.csv", drop(f"1,2024-01-01,tea,ann,{price}"))
            made.materialize("2024-01-01", "2024-01-01")
        assert made.query("SELECT sum(net_revenue) FROM marts.daily_revenue") == [(2,)]
    sent = [sql for _, sql in server.statements()[before:]]
    assert used(sent) == given_rights(told)
    assert any(sql.startswith("COPY INTO") and "@objects" in sql for sql in sent)
    assert {word(sql) for sql in sent} <= {
        *("ALTER SESSION", "BEGIN", "COMMIT", "COPY", "CREATE", "DELETE", "DESCRIBE", "DROP"),
        *("INSERT", "ROLLBACK", "SELECT", "SHOW", "UPDATE", "WITH"),
    }


def word(sql: str) -> str:
    first, _, rest = re.sub(r"/\*.*?\*/|--[^\n]*", "", sql, flags=re.DOTALL).strip().partition(" ")
    first = first.upper().strip("(;\n")
    return f"{first} {rest.split()[0].upper()}" if first == "ALTER" else first.split()[0]


MAKES = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:transient\s+)?(temporary\s+)?(\w+)\s+"
    r"(?:if\s+not\s+exists\s+)?([\w.\"]+)",
    re.IGNORECASE,
)


def used(sent: list[str]) -> set[tuple[str, str]]:
    """Schemas, and what was made in them; temporary tables need no right."""
    found = set()
    for sql in sent:
        for temporary, kind, name in MAKES.findall(sql):
            if not (temporary and kind.upper() == "TABLE"):
                schema = ["MAIN", *name.replace('"', "").upper().split(".")][-2]
                found.add((schema, f"CREATE {kind.upper()}"))
    return found


def given_rights(script: str) -> set[tuple[str, str]]:
    """Schemas, and what the role may make in them."""
    grants = re.findall(r'GRANT (.*) ON SCHEMA "FRESH"\."(\w+)" TO ROLE "SALES_ASSETS";', script)
    every = {(schema, right) for rights, schema in grants for right in rights.split(", ")}
    assert {schema for schema, right in every if right == "USAGE"} == set(RIGHTS)
    return {(schema, right) for schema, right in every if right != "USAGE"}
