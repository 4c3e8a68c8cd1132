"""The databases of an installation: which there are, and copying all as they are at one moment.

Belongs here: that, with the order of locks and copies. Does not: how a product is copied
(`sqlite`, `postgres`), or files that are no databases (`parts`).

Parts know of each other: cursors in Dagster's instance count the catalogue's changes, cursors in
the catalogue count the instance's events, and the instance says which days the warehouse has. So
nobody may write to warehouse or catalogue while these are copied, or while PostgreSQL gives out
the name of a moment that it can be read at later (docs/decisions/0040).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage

from sales_assets.backup import postgres, sqlite
from sales_assets.backup.manifest import Dump
from sales_assets.backup.parts import AUDIT, CATALOGUE, DAGSTER, WAREHOUSE, sqlite_file
from sales_assets.errors import PermanentError
from sales_assets.platform.audit.opening import audit_address
from sales_assets.resources.build import build_warehouse
from sales_assets.resources.database import writing
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.settings import Settings

OF_THE_MOMENT = ("schedules/schedules.db", "history/runs/index.db", "history/runs.db")
"""Dagster's SQLite files in the order in which they are copied.

What a later one has more than an earlier one is only not known yet: a tick that is not ended is
made again, and finds the runs that it asked for.
"""


_PORT = 5432
"""PostgreSQL's, where an address names none."""


@dataclass(frozen=True)
class Database:
    """A database: in PostgreSQL at `url`, or files of SQLite with their names in a backup."""

    name: str
    url: sa.URL | None = None
    files: tuple[tuple[str, Path], ...] = ()

    @property
    def identity(self) -> tuple[object, ...] | None:
        """What is the same for two addresses of one database, whoever comes with which driver."""
        url = self.url
        if url is None:
            return None
        where = (url.host, url.port or _PORT, url.database)
        return url.get_backend_name(), *where, tuple(sorted(url.query.items()))


def find_databases(settings: Settings, instance: dg.DagsterInstance | None) -> list[Database]:
    """Dagster's, the catalogue's and the audit log's, in the order in which they are copied.

    Raises PermanentError for one that is neither in SQLite nor in PostgreSQL.
    """
    of_dagster = [] if instance is None else [_of_dagster(instance)]
    return [
        *of_dagster,
        _at("catalogue", CATALOGUE, settings.catalogue_address),
        _at("audit", AUDIT, audit_address(settings)),
    ]


def _at(name: str, file: str, address: str) -> Database:
    url = sa.make_url(address)
    match url.get_backend_name():
        case "postgresql":
            return Database(name, url=url)
        case "sqlite" if (path := sqlite_file(address)) is not None:
            return Database(name, files=((file, path),) if path.exists() else ())
    raise PermanentError(
        f"the {name}'s database is in {url.get_backend_name()}, which only its own means can back "
        "up; SQLite and PostgreSQL are backed up here"
    )


def _of_dagster(instance: dg.DagsterInstance) -> Database:
    events, runs = instance.event_log_storage, instance.run_storage
    schedules, root = instance.schedule_storage, Path(instance.root_directory)
    if isinstance(events, SqliteEventLogStorage):
        files = tuple((f"{DAGSTER}/{name}", root / name) for name in OF_THE_MOMENT)
        usual = isinstance(runs, SqliteRunStorage) and isinstance(schedules, SqliteScheduleStorage)
        if usual and all(path.is_file() for _, path in files):
            return Database("dagster", files=files)
    urls = {getattr(storage, "postgres_url", None) for storage in (events, runs, schedules)}
    if len(urls) == 1 and (url := urls.pop()) is not None:
        return Database("dagster", url=sa.make_url(url))
    raise PermanentError(
        f"{root / 'dagster.yaml'}: runs and events are in {type(events).__name__} at a place of "
        "its own, which only its own means can back up; SQLite in the home and PostgreSQL are "
        "backed up here"
    )


@dataclass(frozen=True)
class Moment:
    """Copies in the working folder that are all of one moment."""

    at: datetime
    files: tuple[tuple[str, Path], ...]
    dumps: tuple[Dump, ...]


def copy_moment(settings: Settings, databases: list[Database], work: Path) -> Moment:
    """Copy all databases and the embedded warehouse as they are now.

    Waits for whoever writes to the warehouse. Raises WarehouseBusyError and other errors that say
    what to do.
    """
    copied: list[tuple[str, Path]] = []

    def copy_files(database: Database) -> None:
        for name, path in database.files:
            target = work / str(len(copied))
            sqlite.copy(path, target)
            copied.append((name, target))

    servers = _servers(databases)
    with ExitStack() as snapshots:
        names: list[tuple[Dump, sa.URL, str]] = []
        with _writers_out_of_warehouse(settings) as file:
            with _writers_out(next(found for found in databases if found.name == "catalogue")):
                at = datetime.now(UTC)
                for database in databases:
                    copy_files(database)
                    for described, url in servers:
                        if described.holds[0] == database.name:
                            name = snapshots.enter_context(postgres.moment(url))
                            names.append((described, url, name))
            if file is not None:
                copied.append((WAREHOUSE, work / WAREHOUSE))
                copyfile(file, work / WAREHOUSE)
        for described, url, name in names:
            target = work / described.name
            postgres.dump(url, described.server, name, target)
            copied.append((described.name, target))
    return Moment(at, tuple(copied), tuple(described for described, *_ in names))


def _servers(databases: list[Database]) -> list[tuple[Dump, sa.URL]]:
    """The databases of PostgreSQL, one that holds several things once; their programs are there."""
    found: list[tuple[Dump, sa.URL]] = []
    for identity in dict.fromkeys(database.identity for database in databases):
        same = [database for database in databases if database.identity == identity]
        if not (urls := [database.url for database in same if database.url is not None]):
            continue
        url = with_password(urls)
        holds = tuple(database.name for database in same)
        described = Dump(name=f"{holds[0]}.pgdump", holds=holds, server=postgres.major_version(url))
        postgres.program("pg_dump", described.server)
        found.append((described, url))
    return found


def with_password(urls: Sequence[sa.URL]) -> sa.URL:
    """Of several addresses of one database the one to use: PostgreSQL's programs ask nobody."""
    return next((url for url in urls if url.password), urls[0])


@contextmanager
def _writers_out_of_warehouse(settings: Settings) -> Iterator[Path | None]:
    """Keep writers out of the warehouse; its file, if it is one and there."""
    warehouse = build_warehouse(settings)
    if not isinstance(warehouse, DuckDBWarehouse):
        with warehouse.exclusive():
            yield None
    elif not settings.warehouse_file.exists():
        yield None
    else:
        with warehouse.standing_still() as file:
            yield file


def _writers_out(catalogue: Database) -> AbstractContextManager[object]:
    if catalogue.url is not None:
        engine = sa.create_engine(
            catalogue.url.set(drivername="postgresql+psycopg2"), poolclass=sa.NullPool
        )
        return writing(engine)
    if catalogue.files:
        return sqlite.writers_out(catalogue.files[0][1])
    return nullcontext()
