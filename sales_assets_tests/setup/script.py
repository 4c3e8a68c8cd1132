"""The script for Snowflake of some settings, and taking it apart.

Belongs here: that. Does not: any expectation. Of statements that sqlglot does not know it gives
the words as its tokenizer does.
"""

from __future__ import annotations

from typing import Any

from sqlglot import Token, TokenType, tokenize

from sales_assets.settings import Settings
from sales_assets.setup.snowflake_script import snowflake_script

NEEDED: dict[str, Any] = {
    "warehouse": "snowflake",
    "snowflake_account": "acme-sales",
    "snowflake_user": "loader",
    "snowflake_private_key_path": "nowhere/key.p8",
    "snowflake_role": "sales_role",
    "snowflake_warehouse": "sales_warehouse",
    "snowflake_database": "sales",
}
STAGED: dict[str, Any] = {
    "object_store": "s3",
    "s3_bucket": "bucket",
    "s3_prefix": "staged",
    "s3_region": "eu-west-1",
    "snowflake_stage": "objects",
}
MANAGED = " WITH MANAGED ACCESS"


def script(reader: bool = False, account: str | None = None, **more: Any) -> str:
    return snowflake_script(Settings(**{**NEEDED, **more}), reader=reader, account=account)[0]


def tokens(script: str) -> list[list[Token]]:
    """The tokens of each statement; comments are none."""
    found: list[list[Token]] = [[]]
    for token in tokenize(script, dialect="snowflake"):
        if token.token_type is TokenType.SEMICOLON:
            found.append([])
        else:
            found[-1].append(token)
    return [statement for statement in found if statement]


def statements(script: str) -> list[str]:
    """The text of each statement."""
    return [script[one[0].start : one[-1].end + 1] for one in tokens(script)]
