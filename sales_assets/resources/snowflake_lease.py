"""Who may write to a shared warehouse: one process at a time, by a lease in a table.

Belongs here: getting, keeping and giving up the lease. Does not: what is written under it
(`sql_warehouse`).

Snowflake has no lock that a session can hold over several statements, and dbt writes in sessions
of its own. A lease ends by itself, so that a killed process keeps nobody out for long; while its
owner lives, it is renewed from a thread. Every transaction begins with a change of the lease's
row: it fails if somebody else has it, and nobody can take it before the transaction ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from functools import partial
from threading import Event, Lock, Thread
from uuid import uuid4

from sales_assets.errors import SalesAssetsError, TransientError, WarehouseBusyError
from sales_assets.resources.session import Columns, Session

WRITERS: Columns = (("name", "VARCHAR"), ("holder", "VARCHAR"), ("until", "TIMESTAMP"))
"""The table `main.writers`: the lease, who has it, and until when (UTC)."""
_log = logging.getLogger("sales_assets.warehouse")
NOW = "CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ)"
"""This moment as the tables have times: in UTC, which is the sessions' time zone."""
_NAME = "warehouse"


class Lease:
    """The lease while this process has it."""

    def __init__(self, seconds: float, connect: Callable[[], AbstractContextManager[Session]]):
        self.holder = uuid4().hex
        self.beside = Lock()
        """Held while a transaction is open: the lease is then not renewed beside it."""
        self._seconds = seconds
        self._connect = connect
        self._ends = Event()
        self.lost = False

    def fence(self, session: Session) -> None:
        """Begin a transaction by making sure of the lease; TransientError if it is lost."""
        if self.lost or not self._extend(session):
            self.lost = True
            raise TransientError(
                "Another run has become the writer of the warehouse, since this one did not answer "
                "for too long; nothing was changed. Materialise it again"
            )

    @contextmanager
    def held(self, session: Session, timeout: float) -> Iterator[None]:
        """Wait for the lease and keep it in the block; afterwards `lost` says whether it was kept.

        Raises WarehouseBusyError if somebody else keeps it for `timeout` seconds.
        """
        self._acquire(session, timeout)
        # In a copy of this context, so that its statements have the same tag.
        renew = partial(copy_context().run, self._renew)
        renewing = Thread(target=renew, name="warehouse lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            self._ends.set()
            renewing.join(timeout=self._seconds)
            self._give_up(session)

    def _give_up(self, session: Session) -> None:
        """End the lease at once, in another session if this one has broken.

        If that fails too it ends by itself.
        """
        try:
            try:
                self._end(session)
            except SalesAssetsError:
                with self._connect() as another:
                    self._end(another)
        except SalesAssetsError as error:
            _log.warning("The lease of the warehouse could not be given up: %s", error)

    def _end(self, session: Session) -> None:
        if not session.change(
            f"UPDATE main.writers SET until = {NOW} WHERE name = ? AND holder = ?",
            [_NAME, self.holder],
        ):
            self.lost = True

    def _acquire(self, session: Session, timeout: float) -> None:
        session.change(
            f"INSERT INTO main.writers (name, holder, until) SELECT ?, '', {NOW} "
            "WHERE NOT EXISTS (SELECT 1 FROM main.writers WHERE name = ?)",
            [_NAME, _NAME],
        )
        deadline, told = time.monotonic() + timeout, False
        while not session.change(
            f"UPDATE main.writers SET holder = ?, until = {self._until()} "
            f"WHERE name = ? AND until <= {NOW} AND NOT EXISTS "
            f"(SELECT 1 FROM main.writers AS w WHERE w.name = ? AND w.until > {NOW})",
            [self.holder, _NAME, _NAME],
        ):
            if time.monotonic() >= deadline:
                raise WarehouseBusyError(
                    f"Another run kept writing to the warehouse for {timeout:g} s; try again when "
                    "it has ended"
                )
            if not told:
                _log.warning("Another run is writing to the warehouse; waiting for it.")
                told = True
            time.sleep(min(1.0, self._seconds / 4))

    def _until(self) -> str:
        return f"DATEADD(millisecond, {int(self._seconds * 1000)}, {NOW})"

    def _extend(self, session: Session) -> int:
        return session.change(
            f"UPDATE main.writers SET until = {self._until()} WHERE name = ? AND holder = ?",
            [_NAME, self.holder],
        )

    def _renew(self) -> None:
        """Renew the lease three times as often as it would end; in a session of its own."""
        while not self._ends.wait(self._seconds / 3):
            try:
                with self._connect() as session:
                    while not self._ends.is_set():
                        with self.beside:
                            if not self._extend(session):
                                self.lost = True
                                return
                        self._ends.wait(self._seconds / 3)
            except Exception as error:  # noqa: BLE001  # it is tried again as long as there is work
                _log.warning("The lease of the warehouse could not be renewed: %s", error)


def await_transaction(session: Session) -> None:
    """Wait until no transaction that may change the warehouse is open: each has the lease's row."""
    session.change("UPDATE main.writers SET until = until WHERE name = ?", [_NAME])
