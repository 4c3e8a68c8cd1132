"""The database of the audit log: PostgreSQL or SQLite, one writer at a time.

Belongs here: engines, the turn to write, errors as the project has them. Does not: the table
(`tables`), or what is written (`log`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout

from sales_assets.errors import PermanentError, TransientError, UsageError

WAIT_SECONDS = 20
"""How long a writer waits for its turn, and how long a server may take to answer."""
_TURN = 0x4155444954  # "AUDIT"; PostgreSQL's advisory locks have numbers for names
_WRITES = "audit_writes"
_PERMANENT = (sa.exc.IntegrityError, sa.exc.ProgrammingError, sa.exc.DataError)
"""What a driver raises for statements and values, and not for how the server is."""


class NoAuditLogError(UsageError):
    """There is no log where one was to be read."""

    def __init__(self, address: sa.URL) -> None:
        """`address` is where none is; its password is not shown."""
        super().__init__(
            f"There is no audit log at {address.render_as_string(hide_password=True)}; set "
            "SALES_ASSETS_AUDIT_URL and SALES_ASSETS_AUDIT_KEY for this code location or command "
            "as the webserver has them, which makes the log when it starts"
        )


def check_is_there(url: str) -> None:
    """Raise NoAuditLogError if the file of a log in SQLite is not there; nothing is made."""
    address = _parsed(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise NoAuditLogError(address)


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise UsageError("The address of the audit log is none that SQLAlchemy reads") from error


def connect(url: str, *, make: bool) -> sa.Engine:
    """An engine for the address of an audit log; only an empty SQLite file may be made.

    Raises UsageError for an address of another product, and NoAuditLogError for a file that is not
    there and may not be made.
    """
    address = _parsed(url)
    match address.get_backend_name():
        case "postgresql":
            return _postgresql(address)
        case "sqlite" if address.database and address.database != ":memory:":
            if not make:
                check_is_there(url)
            return _sqlite(address, Path(address.database), make=make)
    raise UsageError(
        f"The audit log cannot be at {address.render_as_string()}; give a postgresql:// address, "
        "or sqlite:/// with a file"
    )


def _postgresql(address: sa.URL) -> sa.Engine:
    if address.drivername == "postgresql":  # the driver that dagster-postgres brings
        address = address.set(drivername="postgresql+psycopg2")
    given = {
        "connect_timeout": WAIT_SECONDS,
        "tcp_user_timeout": WAIT_SECONDS * 1000,
        "keepalives_idle": WAIT_SECONDS,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "application_name": "sales-assets audit",
    }
    # What is read after the turn has come has to be of then, whatever the server's default is.
    return sa.create_engine(
        address, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=given
    )


def _make_file(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
    except OSError as error:
        raise UsageError(
            f"{file}: the audit log cannot be there ({error.strerror}); set SALES_ASSETS_AUDIT_URL"
        ) from error


def _sqlite(address: sa.URL, file: Path, *, make: bool) -> sa.Engine:
    if make:
        _make_file(file)
    engine = sa.create_engine(address, connect_args={"timeout": WAIT_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin below, and not by the driver
        connection.text_factory = _text
        # As the power may fail after a commit that WAL has not flushed.
        connection.execute("PRAGMA synchronous = FULL")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    if make:
        _set_wal(engine, file)
    return engine


def _set_wal(engine: sa.Engine, file: Path) -> None:
    """Let readers and the writer work side by side; SQLite's time-out does not cover the change."""
    try:
        lock = FileLock(f"{file}.lock", timeout=WAIT_SECONDS, mode=0o600).acquire()
    except Timeout as error:
        raise TransientError(
            f"{file}: the audit log is kept by others for {WAIT_SECONDS} s; try again"
        ) from error
    with lock:
        direct = engine.raw_connection()
        try:
            direct.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            direct.close()


def _text(value: bytes) -> str:
    """Also of bytes that are no UTF-8: whoever put them there has not hidden the row by it."""
    return value.decode(errors="surrogateescape")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no other process, and no other thread, writes beside."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            limit = int(WAIT_SECONDS * 1000)
            connection.exec_driver_sql(
                f"SET LOCAL lock_timeout = {limit}; SET LOCAL statement_timeout = {limit}; "
                f"SELECT pg_advisory_xact_lock({_TURN})"
            )
        yield connection


@contextmanager
def as_errors(doing: str) -> Iterator[None]:
    """Errors of the database as the project's own; no message holds an address or a value.

    Raises TransientError for what may pass, and PermanentError for what does not.
    """
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        reason = _first_line(error)
        if _is_permanent(error):
            raise PermanentError(
                f"The audit log cannot be {doing} ({reason}); see to its database"
            ) from error
        raise TransientError(
            f"The audit log cannot be {doing} now ({reason}); it is tried anew with the next "
            "operation"
        ) from error


def _is_permanent(error: sa.exc.SQLAlchemyError) -> bool:
    if isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, _PERMANENT) and not error.connection_invalidated
    return not isinstance(error, sa.exc.TimeoutError)


def _first_line(error: sa.exc.SQLAlchemyError) -> str:
    told = str(getattr(error, "orig", None) or error).strip()
    return told.splitlines()[0] if told else type(error).__name__
