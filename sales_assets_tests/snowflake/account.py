"""A real Snowflake account for tests, if one is given.

Belongs here: finding it, and emptying its database. Does not: any expectation.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sales_assets.resources.build import build_warehouse
from sales_assets.resources.snowflake_account import SCHEMAS
from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse
from sales_assets.settings import Settings
from sales_assets.snowflake_options import SNOWFLAKE_NEEDS

PREFIX = "TEST_"
VARIABLES = [f"{PREFIX}{name}".upper() for name in SNOWFLAKE_NEEDS]


def account_settings() -> dict[str, Any]:
    """Settings of the account; skips the test without one."""
    missing = [name for name in VARIABLES if name not in os.environ]
    if missing:
        pytest.skip(f"needs a Snowflake account: {', '.join(missing)}")
    given = {name: os.environ[f"{PREFIX}{name}".upper()] for name in SNOWFLAKE_NEEDS}
    return {"warehouse": "snowflake", **given}


def account_warehouse(home: Path) -> SnowflakeWarehouse:
    """The account's warehouse; its database, which is the tests' alone, is emptied."""
    made = build_warehouse(Settings(home=home, **account_settings()))
    assert isinstance(made, SnowflakeWarehouse)
    with made._session() as session:
        for schema in SCHEMAS:
            session.query(f"CREATE OR REPLACE SCHEMA {schema}")
    return made.model_copy()
