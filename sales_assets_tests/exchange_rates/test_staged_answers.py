"""Answers in the object store, to the letter."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.exchange_rates.api import Answer
from sales_assets.exchange_rates.staged_answers import StagedAnswer, get_answer, put_answer
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.exchange_rates.builders import asking, saying

JANUARY = asking("2024-01")
AT = datetime(2024, 2, 1, 12, 30, 15, 250, tzinfo=UTC)


@given(
    body=st.text(st.characters(codec="utf-8")),
    etag=st.text(st.characters(codec="utf-8")),
    at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    max_age=st.integers(0, 10**9),
)
def test_an_answer_comes_back_as_it_was_put(
    body: str, etag: str, at: datetime, max_age: int
) -> None:
    answer = Answer("http://api/v1/2024-01-01..2024-01-31?base=EUR", body, etag, at, max_age)
    with TemporaryDirectory() as folder:
        store = DirectoryObjectStore(root=folder)
        key = put_answer(store, "http://api/v1", JANUARY, answer)
        assert get_answer(store, key) == StagedAnswer(JANUARY, answer)
        assert store.find("") == [key]


def test_the_key_tells_the_provider_the_month_and_the_time(store: DirectoryObjectStore) -> None:
    answer = Answer("url", "{}", "", AT)
    key = put_answer(store, "https://api.frankfurter.dev/v1", JANUARY, answer)
    assert re.fullmatch(
        r"exchange_rates/https-api\.frankfurter\.dev-v1/2024-01/"
        r"20240201T123015\.000250Z-[0-9a-f]{16}\.json",
        key,
    )


def test_another_answer_of_the_same_moment_is_another_object(store: DirectoryObjectStore) -> None:
    keys = {put_answer(store, "api", JANUARY, Answer("url", text, "", AT)) for text in ("{}", "[]")}
    assert len(keys) == 2


@pytest.mark.parametrize("content", [None, "", "{", "{}", "[]", '{"request": 1}'])
def test_what_is_gone_or_damaged_is_no_answer(
    store: DirectoryObjectStore, content: str | None
) -> None:
    key = put_answer(store, "api", JANUARY, saying({"2024-01-02": {"USD": 1.1}}))
    path = Path(store.address(key))
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    assert get_answer(store, key) is None


def test_another_program_can_read_it(store: DirectoryObjectStore) -> None:
    answer = saying({"2024-01-02": {"USD": 1.1}})
    told = json.loads(Path(store.address(put_answer(store, "api", JANUARY, answer))).read_text())
    assert told["body"] == answer.body
    assert told["request"]["symbols"] == ["GBP", "USD"]
    assert (told["request"]["start"], told["request"]["end"]) == ("2024-01-01", "2024-02-01")
