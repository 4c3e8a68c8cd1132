"""The files of an installation that a backup has: what each is called in it, and where it lies.

Belongs here: these places, by the settings. Does not: databases on servers (`databases`), or
copying anything (`making`, `restoring`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from sales_assets.exchange_rates.staged_answers import FOLDER
from sales_assets.platform.audit.opening import audit_address
from sales_assets.platform.signing_in.tokens import tokens_path
from sales_assets.settings import Settings, find_dagster_home

DAGSTER = "dagster"
CATALOGUE = "catalogue.sqlite"
AUDIT = "audit.sqlite"
WAREHOUSE = "warehouse.duckdb"
LANDING = "landing"
KEYS = "keys/"
"""What the names of secret files begin with."""
PSEUDONYMS = f"{KEYS}pseudonyms"
TOKENS = "tokens.yaml"
_UNFINISHED = (".tmp", ".lock", "-wal", "-shm", "-journal")
"""How names of files end that are on their way, or of a program that has another one open."""
DATABASE = ".db"
"""How names of Dagster's SQLite files end; that of events of no run is nothing else."""
_OF_PROCESSES = "running"
"""The folder of the locks of runs under way (`instance.liveness`)."""


@dataclass(frozen=True)
class Part:
    """A file, or a folder whose files have names that begin with the part's."""

    name: str
    path: Path
    is_input: bool = False
    """Whether people put it there: outside of the home, a restore leaves a file that is there."""

    def has(self, name: str) -> bool:
        """Whether a file's name in a backup is of this part."""
        return name == self.name or name.startswith(f"{self.name}/")

    def place(self, name: str) -> Path:
        """Where a file of this part lies."""
        below = name.removeprefix(self.name).lstrip("/")
        return self.path / below if below else self.path

    def files(self) -> Iterator[tuple[str, Path]]:
        """The files that are there, complete, and no databases: name and path."""
        if self.path.is_file():
            yield self.name, self.path
        for path in sorted(self.path.rglob("*")) if self.path.is_dir() else ():
            below = path.relative_to(self.path)
            if path.is_file() and not path.name.endswith(_UNFINISHED):
                yield f"{self.name}/{below.as_posix()}", path


def plain_parts(settings: Settings, *, with_keys: bool, with_drops: bool) -> list[Part]:
    """What is copied file by file, and may be copied after the databases.

    Staged objects are none of it, nor what deployments made: both are made again.
    """
    every = parts(settings)
    wanted = [part for part in every if part.name not in {CATALOGUE, AUDIT, WAREHOUSE}]
    return [
        part
        for part in wanted
        if (with_keys or not part.name.startswith(KEYS)) and (with_drops or part.name != LANDING)
    ]


def parts(settings: Settings, *, dagster_home: Path | None = None) -> list[Part]:
    """All that is kept in files; the drops last, so that none is older than what knows it."""
    platform = settings.home / "platform"
    found = [
        Part(DAGSTER, dagster_home or find_dagster_home(settings)),
        Part("exchange_rates", settings.object_folder / FOLDER),
        Part("report", settings.report_folder),
        Part(TOKENS, tokens_path(settings)),
        Part("contracts", settings.contracts_folder, is_input=True),
        Part(PSEUDONYMS, settings.pseudonym_folder),
        Part(f"{KEYS}audit.key", platform / "audit.key"),
        Part(f"{KEYS}session.key", platform / "session.key"),
        Part(f"{KEYS}secrets", platform / "secrets"),
    ]
    if settings.teams_file is not None:
        found.append(Part("teams.yaml", settings.teams_file, is_input=True))
    for name, file in (
        (CATALOGUE, sqlite_file(settings.catalogue_address)),
        (AUDIT, sqlite_file(audit_address(settings))),
    ):
        if file is not None:
            found.append(Part(name, file))
    found.append(Part(WAREHOUSE, settings.warehouse_file))
    if settings.landing_bucket is None:
        found.append(Part(LANDING, settings.landing_folder, is_input=True))
    return found


def is_private(name: str) -> bool:
    """Whether a file of a backup is for nobody but its owner."""
    return name.startswith(KEYS) or name in {AUDIT, TOKENS}


def is_copied_plainly(part: Part, path: Path) -> bool:
    """Whether a file may be read as it is: no database, and no lock of a run."""
    if part.name != DAGSTER:
        return True
    return (
        not path.name.endswith(DATABASE)
        and _OF_PROCESSES not in path.relative_to(part.path).parts[:1]
    )


def sqlite_file(address: str) -> Path | None:
    """The file of a SQLite address; None for another product's."""
    url = sa.make_url(address)
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database)
