"""Keeping the queue's book in Dagster's run storage.

Belongs here: reading it and replacing it, whoever else does so at the same time. Does not: what
stands in it (`shares`).

It is one of Dagster's own cursor values, so that no table is added to Dagster's database. A writer
replaces the text that it has read, and begins again if that is no longer there.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from dagster._core.storage.runs.schema import KeyValueStoreTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

from sales_assets.errors import TransientError
from sales_assets.platform.queue.shares import Book, End, Lane

KEY = "sales_assets/queue"
_log = logging.getLogger("sales_assets")
_ATTEMPTS = 100
_PAUSE_SECONDS = 0.02
Result = TypeVar("Result")


def read_book(storage: SqlRunStorage) -> Book:
    """The book as it is now; an empty one if there is none, or none that can be read."""
    return _book(storage.get_cursor_values({KEY}).get(KEY))


def change_book(storage: SqlRunStorage, change: Callable[[Book], tuple[Book, Result]]) -> Result:
    """Replace the book by what `change` makes of it, which is asked again if another was faster.

    Raises TransientError if others were faster each time.
    """
    for _ in range(_ATTEMPTS):
        before = storage.get_cursor_values({KEY}).get(KEY)
        book, result = change(_book(before))
        if _replaced(storage, before, _text(book)):
            return result
        time.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311 (so as not to meet again)
    raise TransientError(
        "The queue's book is being changed by others all the time; submit the run again"
    )


def _replaced(storage: SqlRunStorage, before: str | None, after: str) -> bool:
    table = KeyValueStoreTable
    with storage.connect() as connection:
        if before is not None:
            changed = (
                sa.update(table)
                .where(table.c.key == KEY, table.c.value == before)
                .values(value=after)
            )
            return bool(connection.execute(changed).rowcount)
        try:
            connection.execute(sa.insert(table).values(key=KEY, value=after))
        except sa.exc.IntegrityError:
            return False
        return True


def _text(book: Book) -> str:
    ends = [[team, lane, end.finish, end.run_id] for (team, lane), end in book.ends.items()]
    return json.dumps({"now": book.now, "ends": ends}, separators=(",", ":"))


def _book(text: str | None) -> Book:
    if text is None:
        return Book()
    try:
        data = json.loads(text)
        ends = {
            (str(team), Lane(lane)): End(int(finish), str(run_id))
            for team, lane, finish, run_id in data["ends"]
        }
        return Book(int(data["now"]), ends)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        # Who waits keeps the place that their run was given; only later ones are counted anew.
        _log.error(
            "The queue's book (%s in Dagster's run storage) cannot be read (%r) and is begun anew; "
            "find out who else writes there",
            KEY,
            error,
        )
        return Book()
