"""No name or text of a setting is ever taken for SQL, and each means what sign-in finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import TokenType

from sales_assets.errors import UsageError
from sales_assets_tests.setup.script import STAGED, script, tokens


def names(script: str) -> list[str]:
    return [
        token.text
        for one in tokens(script)
        for token in one
        if token.token_type is TokenType.IDENTIFIER
    ]


def shape(script: str) -> list[list[tuple[TokenType, str]]]:
    """The statements without names and texts."""
    taken = (TokenType.IDENTIFIER, TokenType.STRING)
    return [
        [(token.token_type, "" if token.token_type in taken else token.text) for token in one]
        for one in tokens(script)
    ]


def texts(script: str) -> list[str]:
    return [
        token.text
        for one in tokens(script)
        for token in one
        if token.token_type is TokenType.STRING
    ]


ODD = st.text(
    st.one_of(st.sampled_from("\"';-/*\\\n`$ a"), st.characters(codec="utf-8")), min_size=1
)
PLAIN = script(reader=True, **STAGED)


@given(role=ODD, warehouse=ODD, database=ODD, user=ODD, prefix=ODD)
@example(role='a"; DROP DATABASE x; --', warehouse="x", database="y", user="u'; --", prefix="\\'")
@example(role="lower case", warehouse="''", database="--", user='"', prefix="';\n")
def test_no_name_is_ever_taken_for_sql(
    role: str, warehouse: str, database: str, user: str, prefix: str
) -> None:
    given_names = {"role": role, "warehouse": warehouse, "database": database}
    odd = {
        f"snowflake_{one}": '"' + name.replace('"', '""') + '"' for one, name in given_names.items()
    }
    more = {**STAGED, **odd, "snowflake_user": user, "s3_prefix": prefix}
    if not all(name.isprintable() for name in (role, warehouse, database, user.upper())):
        with pytest.raises(UsageError, match="is no name"):
            script(reader=True, **more)
        return
    told = script(reader=True, **more)
    assert shape(told) == shape(PLAIN)
    meant = {
        "SALES_ROLE": role,
        "SALES_ROLE_READER": f"{role}_READER",
        "SALES_WAREHOUSE": warehouse,
        "SALES": database,
        "LOADER": user.upper(),
        "SALES_MAIN_OBJECTS": f"{database}_MAIN_OBJECTS",
    }
    assert names(told) == [meant.get(name, name) for name in names(PLAIN)]
    url = f"s3://bucket/{prefix.strip('/')}/" if prefix.strip("/") else "s3://bucket/"
    meant_texts = {"LOADER": user.upper(), "s3://bucket/staged/": url}
    assert texts(told) == [meant_texts.get(text, text) for text in texts(PLAIN)]


@given(name=ODD)
@example(name="my-database")
@example(name='"open')
@example(name="a.b")
def test_a_name_is_plain_or_quoted_or_refused(name: str) -> None:
    if re.fullmatch(r'[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"]|"")+"', name) and name.isprintable():
        assert shape(script(snowflake_database=name)) == shape(script())
    else:
        with pytest.raises(UsageError, match=r"SALES_ASSETS_SNOWFLAKE_DATABASE=.*double quotes"):
            script(snowflake_database=name)


def test_a_plain_name_is_in_capitals_as_sign_in_and_dbt_find_it_and_a_quoted_one_is_itself() -> (
    None
):
    assert '"SALES"."CORE"' in script(snowflake_database="Sales")
    assert '"Sales"."CORE"' in script(snowflake_database='"Sales"')
    assert 'CREATE USER IF NOT EXISTS "LOADER@ACME.COM"' in script(snowflake_user="loader@acme.com")
