"""The audit log in a database: writing it, and reading it as it is.

Belongs here: adding rows one after the other, their verification in the database, the head. Does
not: the form of a row (`rows`), the database's ways (`database`, `tables`), joined operations
(`operations`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa

from sales_assets.errors import PermanentError, TransientError
from sales_assets.platform.audit import tables
from sales_assets.platform.audit.database import (
    WAIT_SECONDS,
    NoAuditLogError,
    as_errors,
    connect,
    writing,
)
from sales_assets.platform.audit.entries import Auditor, Intent, Outcome
from sales_assets.platform.audit.keys import Keys
from sales_assets.platform.audit.moments import as_text
from sales_assets.platform.audit.operations import (
    Operation,
    Wanted,
    count_by_outcome,
    operations,
)
from sales_assets.platform.audit.rows import (
    FIELDS,
    NOTHING,
    Head,
    Kind,
    Row,
    bounded,
    hash_of,
    sealed,
)
from sales_assets.platform.audit.tables import TABLE
from sales_assets.platform.audit.verify import SHOWN, Verification, follow

UNKNOWN_AFTER = timedelta(minutes=5)
"""An intent without an outcome for so long will have none: the process has died."""
_AT_ONCE = 1_000


class AuditLog(Auditor):
    """The audit log; threads and processes may share it.

    Each call waits for the database: a caller on an event loop leaves that to a thread.
    """

    def __init__(self, engine: sa.Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys
        # Threads wait here and not in the database, where each would hold a connection.
        self._turn = threading.Lock()

    @classmethod
    def open(
        cls, url: str, key: bytes, old_keys: Sequence[bytes] = (), *, write: bool = True
    ) -> Self:
        """The log at an address.

        With `write`, it is made with its table if it is not there, triggers that are gone are made
        again, and a key that does not know the log's last row is refused: rows would follow that
        nobody can verify together. Without, nothing is made.

        Raises UsageError, TransientError and PermanentError saying what to do; NoAuditLogError if
        there is none to read.
        """
        keys = Keys(key, old_keys)
        with as_errors("opened"):
            engine = connect(url, make=write)
        log = cls(engine, keys)
        try:
            if not write:
                log._check_is_there()
                return log
            with log._writing("opened") as connection:
                tables.create(connection)
                last = connection.execute(_last(TABLE.c.number, TABLE.c.key_id)).first()
        except BaseException:
            engine.dispose()
            raise
        if last is not None and last.key_id not in keys.by_id:
            engine.dispose()
            raise PermanentError(
                f"The audit log's row {last.number} is sealed with the key {last.key_id}, which is "
                "not given: set SALES_ASSETS_AUDIT_KEY to it, or, if the key was replaced, add it "
                "to SALES_ASSETS_AUDIT_OLD_KEYS"
            )
        return log

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def intend(self, intent: Intent) -> int:
        """Keep an intent; its number. Committed when this returns.

        Raises TransientError if the database is not to be had, and then the operation may not be
        done.
        """
        fields = bounded(
            {
                "user_name": intent.user,
                "team": intent.team,
                "address": intent.address,
                "request_id": intent.request_id,
                "operation": intent.operation,
                "target": intent.target,
                "arguments": hash_of(intent.arguments, self._keys.current),
            }
        )
        with self._writing("written") as connection:
            return self._add(connection, kind=Kind.INTENT, **fields)

    def conclude(self, number: int, outcome: Outcome, detail: str = "") -> None:
        """Keep how the intent of this number ended; the same once more changes nothing.

        Raises TransientError as `intend` does, and PermanentError for a number that is no intent's,
        or whose intent ended otherwise.
        """
        with self._writing("written") as connection:
            of_intent = sa.select(TABLE.c.kind, TABLE.c.outcome).where(
                (TABLE.c.number == number) | (TABLE.c.about == number)
            )
            found: dict[str, str | None] = {
                row.kind: row.outcome for row in connection.execute(of_intent)
            }
            if Kind.INTENT not in found:
                raise PermanentError(f"The audit log's row {number} is no intent")
            if Kind.OUTCOME not in found:
                self._add(
                    connection,
                    kind=Kind.OUTCOME,
                    about=number,
                    outcome=outcome.value,
                    **bounded({"detail": detail}),
                )
            elif found[Kind.OUTCOME] != outcome:
                raise PermanentError(
                    f"The audit log's intent {number} has ended as {found[Kind.OUTCOME]} already, "
                    f"and cannot end as {outcome}"
                )

    def head(self) -> Head:
        """The last row."""
        with self._reading() as connection:
            last = connection.execute(_last(TABLE.c.number, TABLE.c.hash)).first()
        return NOTHING if last is None else Head(last.number, last.hash)

    def rows(self, first: int | None = None) -> Iterator[Row]:
        """Rows as they are, in the order of their numbers; all, or those from a number on."""
        with self._reading() as connection:
            yield from _rows(connection, first)

    def operations(self, wanted: Wanted) -> list[Operation]:
        """Intents with their outcomes, the newest last."""
        with self._reading() as connection:
            return operations(connection, wanted, _long_ago())

    def count_by_outcome(self, wanted: Wanted) -> dict[str, int]:
        """How many operations ended in which way."""
        with self._reading() as connection:
            return count_by_outcome(connection, wanted, _long_ago())

    def verify(self, head: Head | None = None, *, start: Head = NOTHING) -> Verification:
        """Recompute the chain of all rows.

        `head` is one that was published, or noted elsewhere, before: without it nobody can tell
        that rows are gone from the end. `start` is a row that counts as it is, with all before it.
        """
        with self._reading() as connection:
            done = follow(
                _rows(connection, start.number or None), self._keys, head=head, start=start
            )
            done.missing_triggers = tables.missing_triggers(connection)
            ended = TABLE.alias("ended")
            unknown = (
                sa.select(TABLE.c.number)
                .join(ended, ended.c.about == TABLE.c.number, isouter=True)
                .where(
                    TABLE.c.kind == Kind.INTENT,
                    ended.c.number.is_(None),
                    TABLE.c.time < _long_ago(),
                    TABLE.c.number > start.number,
                )
            )
            count = sa.select(sa.func.count()).select_from(unknown.subquery())
            done.unconcluded_count = connection.execute(count).scalar_one()
            first = unknown.order_by(TABLE.c.number).limit(SHOWN)
            done.unconcluded = list(connection.execute(first).scalars())
        return done

    @contextmanager
    def _writing(self, doing: str) -> Iterator[sa.Connection]:
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise TransientError(
                f"The audit log cannot be {doing} now: others have kept it for {WAIT_SECONDS} s"
            )
        try:
            with as_errors(doing), writing(self._engine) as connection:
                yield connection
        finally:
            self._turn.release()

    def _check_is_there(self) -> None:
        with self._reading() as connection:
            if not tables.is_there(connection):
                raise NoAuditLogError(self._engine.url)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with as_errors("read"), self._engine.connect() as connection:
            yield connection

    def _add(self, connection: sa.Connection, **fields: str | int | None) -> int:
        """Add a row after the last one, in a transaction that nobody else writes beside."""
        last = connection.execute(_last(TABLE.c.number, TABLE.c.hash)).first()
        before = NOTHING if last is None else Head(last.number, last.hash)
        given = {
            **dict.fromkeys(FIELDS),
            **fields,
            "number": before.number + 1,
            "time": as_text(datetime.now(UTC)),
            "key_id": self._keys.current_id,
            "previous": before.hash,
            "hash": "",
        }
        row = sealed(Row(**given), self._keys.current)  # type: ignore[arg-type]
        connection.execute(sa.insert(TABLE), {name: getattr(row, name) for name in FIELDS})
        return row.number


def _last(*columns: sa.Column[Any]) -> sa.Select[tuple[Any, ...]]:
    return sa.select(*columns).order_by(TABLE.c.number.desc()).limit(1)


def _rows(connection: sa.Connection, first: int | None) -> Iterator[Row]:
    chosen = sa.select(*(TABLE.c[name] for name in FIELDS)).order_by(TABLE.c.number)
    if first is not None:
        chosen = chosen.where(TABLE.c.number >= first)
    streamed = connection.execution_options(yield_per=_AT_ONCE)
    for row in streamed.execute(chosen):
        values: tuple[Any, ...] = tuple(row)
        yield Row(*values)


def _long_ago() -> str:
    return as_text(datetime.now(UTC) - UNKNOWN_AFTER)
