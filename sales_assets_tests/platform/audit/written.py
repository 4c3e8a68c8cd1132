"""Audit logs with something in them, and what somebody who owns the database can do to them.

Belongs here: opening, filling, changing behind the log's back. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sales_assets.platform.audit.entries import Intent, Outcome
from sales_assets.platform.audit.log import AuditLog
from sales_assets.platform.audit.tables import TABLE

KINDS = ("SQLite", "PostgreSQL")
KEY = b"0123456789abcdef0123456789abcdef"
OTHER_KEY = b"fedcba9876543210fedcba9876543210"
TRIGGERS = {
    "SQLite": ("audit_log_no_update", "audit_log_no_delete", "audit_log_in_order"),
    "PostgreSQL": ("audit_log_append_only", "audit_log_in_order"),
}


def intent(user: str = "ann@example.com", **fields: Any) -> Intent:
    """An intent; fields that are not given have some value."""
    given: dict[str, Any] = {
        "team": "retail",
        "address": "127.0.0.1",
        "request_id": "r-1",
        "operation": "launchRun",
        "target": "location:retail",
        "arguments": {},
    }
    return Intent(user=user, **(given | fields))


def fill(log: AuditLog, operations: int) -> None:
    """Operations of several people, which succeed."""
    for number in range(operations):
        intended = log.intend(intent(f"person{number % 3}@example.com", request_id=f"r-{number}"))
        log.conclude(intended, Outcome.SUCCEEDED, f"run {number}")


@contextmanager
def opened(url: str, key: bytes = KEY, *old: bytes, write: bool = True) -> Iterator[AuditLog]:
    """A log, closed after the block."""
    log = AuditLog.open(url, key, old, write=write)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def new_log(kind: str, folder: Path) -> Iterator[tuple[str, AuditLog]]:
    """An empty log in a database of a kind, with the address."""
    from sales_assets_tests.services import database  # takes Dagster, which writers need not

    with database(kind, folder / "audit.sqlite") as url, opened(url) as log:
        yield url, log


class Owner:
    """Somebody who owns the database, has dropped the triggers and has no key."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)

    def drop_triggers(self) -> None:
        """Drop them all."""
        on_table = " ON audit_log" if self.engine.dialect.name == "postgresql" else ""
        kind = "PostgreSQL" if on_table else "SQLite"
        for name in TRIGGERS[kind]:
            self.run(f"DROP TRIGGER {name}{on_table}")

    def run(self, *statements: str) -> None:
        """Statements in one transaction."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def set(self, at: int, /, **values: Any) -> None:
        """Change fields of a row."""
        with self.engine.begin() as connection:
            connection.execute(sa.update(TABLE).where(TABLE.c.number == at).values(**values))

    def row(self, number: int) -> dict[str, Any]:
        """A row."""
        with self.engine.connect() as connection:
            chosen = sa.select(TABLE).where(TABLE.c.number == number)
            return dict(connection.execute(chosen).one()._mapping)
