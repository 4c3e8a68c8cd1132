"""The queue's book in Dagster's tables, with several writers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

from sales_assets.platform.queue.book import KEY, change_book, read_book
from sales_assets.platform.queue.shares import UNIT, Book, Lane, Place
from sales_assets_tests.services import postgres_database


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlRunStorage]:
    if request.param == "SQLite":
        yield SqliteRunStorage.from_local(str(tmp_path))
        return
    from dagster_postgres.run_storage import PostgresRunStorage

    with postgres_database() as address:
        storage = PostgresRunStorage(address)
        yield storage
        storage.dispose()


def test_writers_at_the_same_time_give_no_place_twice(storage: SqlRunStorage) -> None:
    def admit(number: int) -> Place:
        def change(book: Book) -> tuple[Book, Place]:
            return book.admit("ants", Lane.NORMAL, 1, str(number))

        return change_book(storage, change)

    with ThreadPoolExecutor(4) as pool:
        places = list(pool.map(admit, range(24)))
    assert sorted(place.finish for place in places) == [UNIT * n for n in range(1, 25)]
    assert read_book(storage).end("ants", Lane.NORMAL).finish == 24 * UNIT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"now": null, "ends": []}',
        '{"now": 1e999, "ends": []}',
        '{"now": 0, "ends": [["ants", "fast lane", 1, "run"]]}',
        '{"now": 0, "ends": [["ants"]]}',
        '{"now": 0, "ends": [["ants", [], 1, "run"]]}',
    ],
)
def test_a_book_that_cannot_be_read_is_begun_anew(
    storage: SqlRunStorage, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage.set_cursor_values({KEY: text})
    place = change_book(storage, lambda book: book.at(7).admit("ants", Lane.NORMAL, 1, "run"))
    assert place == Place(7, 7 + UNIT)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert read_book(storage).end("ants", Lane.NORMAL).finish == 7 + UNIT


def test_a_book_is_read_as_it_was_written(storage: SqlRunStorage) -> None:
    assert read_book(storage).is_empty
    change_book(storage, lambda book: (book.at(5).admit("bees", Lane.FIRST, 3, "run")[0], None))
    written = Book().at(5).admit("bees", Lane.FIRST, 3, "run")[0]
    assert read_book(storage) == written
