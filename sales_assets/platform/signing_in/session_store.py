"""The sessions that there are, so that one can be ended, and is not forgotten by a restart.

Belongs here: the two tables. Does not: the cookie that names a session (`cookies`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from sales_assets.platform.people import Person

_tables = sa.MetaData()
_sessions = sa.Table(
    "sessions",
    _tables,
    sa.Column("id_sha256", sa.String(64), primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Column("way", sa.String, nullable=False),
    sa.Column("token", sa.String, nullable=True),
    sa.Column("expires", sa.Float, nullable=False, index=True),
)
_spent = sa.Table(
    "spent",
    _tables,
    sa.Column("id_sha256", sa.String(64), primary_key=True),
    sa.Column("expires", sa.Float, nullable=False, index=True),
)
_FIND = """
SELECT name, "groups", way, token, expires FROM sessions WHERE id_sha256 = ? AND expires > ?
"""


@dataclass(frozen=True)
class Session:
    """A session that has not ended; `token` is the id of the token that it began with."""

    person: Person
    token: str | None
    expires: float


class SessionStore:
    """Sessions in a SQLite file; who reads it finds no id that a cookie could name."""

    def __init__(self, file: Path) -> None:
        """Open the file; it is made if need be."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.chmod(0o600)  # before SQLite makes others beside it, with the same mode
        self._engine = sa.create_engine(f"sqlite:///{file}")
        with self._engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # readers never wait
            _tables.create_all(connection)
        # Each request of a browser asks: by SQLAlchemy that takes seven times as long.
        self._reader = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._turn = threading.Lock()

    def begin(self, person: Person, token: str | None, expires: float) -> str:
        """Begin a session; its id. Those that have expired are forgotten."""
        session_id = secrets.token_urlsafe(32)
        with self._engine.begin() as connection:
            for table in (_sessions, _spent):
                connection.execute(sa.delete(table).where(table.c.expires <= time.time()))
            connection.execute(
                sa.insert(_sessions).values(
                    id_sha256=_hash(session_id),
                    name=person.name,
                    groups=json.dumps(sorted(person.groups)),
                    way=person.way,
                    token=token,
                    expires=expires,
                )
            )
        return session_id

    def find(self, session_id: str) -> Session | None:
        """The session of an id; None if it has ended or expired."""
        with self._turn:
            row = self._reader.execute(_FIND, (_hash(session_id), time.time())).fetchone()
        if row is None:
            return None
        name, groups, way, token, expires = row
        return Session(Person(name, frozenset(json.loads(groups)), way), token, expires)

    def end(self, session_id: str) -> None:
        """End a session, if there is one."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.delete(_sessions).where(_sessions.c.id_sha256 == _hash(session_id))
            )

    def spend(self, name: str, expires: float) -> bool:
        """Use up something that may be used once; whether it had not been."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_spent).values(id_sha256=_hash(name), expires=expires))
        except sa.exc.IntegrityError:
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._engine.dispose()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
