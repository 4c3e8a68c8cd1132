"""The SQL for Snowflake: statements, who runs them, and what they give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp, parse_one

from sales_assets.errors import UsageError
from sales_assets.resources.snowflake_account import SCHEMAS
from sales_assets.settings import Settings
from sales_assets.setup.snowflake_script import RIGHTS, snowflake_script
from sales_assets_tests.setup.script import MANAGED, NEEDED, STAGED, script, statements, tokens
from sales_assets_tests.snowflake.keys import write_private_key

UNKNOWN_TO_SQLGLOT = (
    rf"CREATE SCHEMA IF NOT EXISTS .*{MANAGED}",
    "CREATE ROLE IF NOT EXISTS ",
    "CREATE USER IF NOT EXISTS ",
    "ALTER USER .* SET RSA_PUBLIC_KEY = ",
    "GRANT ROLE .* TO (USER|ROLE) ",
    "GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE ",
    "GRANT SELECT ON (ALL|FUTURE) (TABLES|VIEWS) IN SCHEMA ",
)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_private_key(tmp_path / "key.p8")
    return tmp_path / "key.p8"


def test_every_statement_is_one_or_is_listed_as_unknown_to_the_parser() -> None:
    unknown = []
    for statement in statements(script(reader=True, **STAGED)):
        parsed = parse_one(statement, dialect="snowflake")
        if isinstance(parsed, exp.Command):
            unknown.append(statement)
        else:
            assert isinstance(parsed, exp.Use | exp.Create | exp.Grant | exp.Describe)
    for pattern in UNKNOWN_TO_SQLGLOT:
        assert any(re.match(pattern, one, re.DOTALL) for one in unknown), f"{pattern} is known now"
    for one in unknown:
        assert any(re.match(pattern, one, re.DOTALL) for pattern in UNKNOWN_TO_SQLGLOT), one


def test_nothing_is_replaced_dropped_or_taken_away() -> None:
    words = {token.text.upper() for one in tokens(script(reader=True, **STAGED)) for token in one}
    assert not words & {"REPLACE", "DROP", "REVOKE", "TRUNCATE", "DELETE", "ALL PRIVILEGES"}
    created = [one for one in statements(script(reader=True, **STAGED)) if one.startswith("CREATE")]
    assert len(created) == 11
    assert all(re.match(r"CREATE [A-Z ]+ IF NOT EXISTS ", one) for one in created)


@pytest.mark.parametrize("stage", [{}, STAGED])
def test_every_statement_is_run_by_the_role_that_owns_what_it_makes(stage: dict[str, Any]) -> None:
    owners = {
        "CREATE DATABASE": "SYSADMIN",
        "CREATE SCHEMA": "SYSADMIN",
        "CREATE WAREHOUSE": "SYSADMIN",
        "CREATE STAGE": "SYSADMIN",
        "CREATE ROLE": "USERADMIN",
        "CREATE USER": "USERADMIN",
        "ALTER USER": "USERADMIN",
        "GRANT": "SECURITYADMIN",
        "CREATE STORAGE": "ACCOUNTADMIN",
        "GRANT USAGE ON INTEGRATION": "ACCOUNTADMIN",
        "GRANT DATABASE ROLE SNOWFLAKE": "ACCOUNTADMIN",
        "DESC INTEGRATION": "ACCOUNTADMIN",
    }
    role = ""
    for statement in statements(script(reader=True, **stage)):
        if statement.startswith("USE ROLE"):
            role = statement.split()[-1]
            continue
        matching = [start for start in owners if statement.startswith(start)]
        assert role == owners[max(matching, key=len)], statement


def test_the_account_of_the_bucket_is_marked_until_it_is_known(key: Path) -> None:
    settings = Settings(**{**NEEDED, **STAGED, "snowflake_private_key_path": key})
    told, left = snowflake_script(settings)
    assert "arn:aws:iam::AWS_ACCOUNT_ID:role/sales-assets-snowflake" in told
    assert "--aws-account" in left
    told, left = snowflake_script(settings, account="123456789012")
    assert "arn:aws:iam::123456789012:role/sales-assets-snowflake" in told
    assert left == ""


@pytest.mark.parametrize(
    ("region", "provider", "url"),
    [
        ("eu-west-1", "S3", "s3://bucket/staged/"),
        ("us-gov-west-1", "S3GOV", "s3gov://bucket/staged/"),
        ("cn-north-1", "S3CHINA", "s3china://bucket/staged/"),
    ],
)
def test_the_integration_reaches_the_staged_objects_alone(
    region: str, provider: str, url: str
) -> None:
    told = script(**{**STAGED, "s3_region": region})
    assert f"STORAGE_PROVIDER = '{provider}'" in told
    assert f"STORAGE_ALLOWED_LOCATIONS = ('{url}')" in told
    assert f"URL = '{url}'" in told


@pytest.mark.parametrize(
    ("stage", "name", "more"),
    [
        ("objects", '"SALES"."MAIN"."OBJECTS"', 0),
        ("core.objects", '"SALES"."CORE"."OBJECTS"', 0),
        ("other.objects", '"SALES"."OTHER"."OBJECTS"', 2),
        ("lake.other.objects", '"LAKE"."OTHER"."OBJECTS"', 2),
    ],
)
def test_a_stage_elsewhere_can_be_reached_too(stage: str, name: str, more: int) -> None:
    told = script(**{**STAGED, "snowflake_stage": stage})
    assert f'GRANT USAGE ON STAGE {name} TO ROLE "SALES_ROLE"' in told
    assert len(tokens(told)) - len(tokens(script(**STAGED))) == more


def test_readers_read_core_and_marts_and_change_nothing() -> None:
    granted = [
        one for one in statements(script(reader=True)) if 'TO ROLE "SALES_ROLE_READER"' in one
    ]
    assert {one.split(" ON ")[0] for one in granted} == {"GRANT USAGE", "GRANT SELECT"}
    assert {name for one in granted for name in re.findall(r'"SALES"\."(\w+)"', one)} == {
        "CORE",
        "MARTS",
    }
    assert "READER" not in script()


def test_without_snowflake_there_is_nothing_to_set_up() -> None:
    with pytest.raises(UsageError, match=r"WAREHOUSE=snowflake, and .*SNOWFLAKE_ACCOUNT, .*_ROLE"):
        snowflake_script(Settings())


def test_the_schemas_are_those_in_which_names_are_looked_up() -> None:
    assert [name.lower() for name in RIGHTS] == list(SCHEMAS)
