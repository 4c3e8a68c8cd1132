"""What a scrape asks of databases: statements, rows, and in SQLite the steps of its machine.

Belongs here: counting. Does not: any expectation.

A step is one instruction of the program that SQLite makes of a statement. A search in an index is
the same number of them in a small table and a large one; whatever walks through a table is not.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine


class Counted:
    """What was asked, and how much it took; several threads ask at the same time."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._rows: list[int] = []
        self._steps: deque[None] = deque()

    @property
    def rows(self) -> int:
        return sum(self._rows)

    @property
    def steps(self) -> int:
        return len(self._steps)

    @property
    def figures(self) -> tuple[int, int, int]:
        return len(self.statements), self.rows, self.steps

    def before(self, _: Any, cursor: Any, statement: str, *__: Any) -> None:
        """Note a statement, and count its steps until its connection is closed."""
        if _is_question(statement):
            self.statements.append(statement)
            self._watch(cursor, self._step)

    def after(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        """Count the rows that it has, by asking once more."""
        if not _is_question(statement):
            return
        self._watch(cursor, None)
        again = connection.connection.cursor()
        again.execute(f"SELECT count(*) FROM ({statement}) AS asked", parameters)
        self._rows.append(again.fetchone()[0])
        self._watch(cursor, self._step)

    @staticmethod
    def _watch(cursor: Any, step: Callable[[], int] | None) -> None:
        if isinstance(cursor, sqlite3.Cursor):
            cursor.connection.set_progress_handler(step, 1)

    def _step(self) -> int:
        self._steps.append(None)
        return 0


def _is_question(statement: str) -> bool:
    return statement.lstrip().upper().startswith(("SELECT", "WITH"))


@contextmanager
def counting() -> Iterator[Counted]:
    """Count what all engines are asked within the block."""
    counted = Counted()
    hooks: dict[str, Callable[..., None]] = {
        "before_cursor_execute": counted.before,
        "after_cursor_execute": counted.after,
    }
    for name, hook in hooks.items():
        sa.event.listen(Engine, name, hook)
    try:
        yield counted
    finally:
        for name, hook in hooks.items():
            sa.event.remove(Engine, name, hook)
