"""A database takes any text, and keeps those that every database takes as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from sales_assets.resources.any_text import AnyText
from sales_assets_tests.services import postgres_database

TEXTS = sa.Table("texts", sa.MetaData(), sa.Column("text", AnyText))


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    if request.param == "SQLite":
        with sa.create_engine("sqlite://").connect() as connection:
            TEXTS.create(connection)
            yield connection
        return
    with postgres_database() as address:
        engine = sa.create_engine(address)
        with engine.connect() as connection:
            TEXTS.create(connection)
            yield connection
        engine.dispose()


@given(text=st.text(st.characters(codec=None)))
@example(text="\0")
@example(text="\ud83d")
@example(text="\ud83d\ude00")
def test_any_text_is_stored(database: sa.Connection, text: str) -> None:
    database.execute(TEXTS.delete())
    database.execute(TEXTS.insert().values(text=text))
    stored = database.scalar(sa.select(TEXTS.c.text))
    assert stored is not None
    assert len(stored) == len(text)
    for was, now in zip(text, stored, strict=True):
        is_odd = was == "\0" or "\ud800" <= was <= "\udfff"
        assert now == ("\N{REPLACEMENT CHARACTER}" if was == "\0" else "?" if is_odd else was)
