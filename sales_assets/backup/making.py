"""Making a backup: what is in it, in which order, and which older ones go.

Belongs here: that. Does not: how a place keeps it (`store`), copying databases (`databases`), or
where files lie (`parts`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from sales_assets.backup import copying
from sales_assets.backup.databases import Database, Moment, copy_moment, find_databases
from sales_assets.backup.manifest import (
    Kept,
    Manifest,
    load_manifest,
    told_settings,
    versions,
)
from sales_assets.backup.parts import (
    DAGSTER,
    DATABASE,
    LANDING,
    is_copied_plainly,
    plain_parts,
)
from sales_assets.backup.sqlite import copy as copy_sqlite
from sales_assets.backup.store import Backups
from sales_assets.errors import TransientError, UsageError
from sales_assets.setting_kinds import ObjectStoreKind, WarehouseKind
from sales_assets.settings import PREFIX, Settings

_PSEUDONYM_KEYS = "*.key"
_log = logging.getLogger("sales_assets.backup")


@dataclass(frozen=True)
class Wanted:
    """What a backup is to have beside what it always has; drops by default if in a folder."""

    keys: bool = False
    drops: bool | None = None


@dataclass(frozen=True)
class Made:
    """A backup that is complete, and what it cost."""

    name: str
    manifest: Manifest
    new_files: int
    new_bytes: int


def make_backup(
    settings: Settings,
    instance: dg.DagsterInstance | None,
    backups: Backups,
    wanted: Wanted | None = None,
    tell: Callable[[str], None] = _log.info,
) -> Made:
    """Back the installation up; there is nothing of it until it is whole.

    Runs may be under way. Raises UsageError, TransientError and PermanentError saying what to do.
    """
    return _Making(settings, instance, backups, wanted or Wanted(), tell).made()


def forget_older(backups: Backups, keep: int) -> list[str]:
    """Delete all but the newest backups; their names.

    Files go that no other backup has, also those of a backup that was interrupted.
    """
    with backups.working():
        names = backups.names()
        old, left = names[:-keep], names[-keep:]
        # Read first: with a manifest that cannot be read nothing is deleted.
        manifests = [
            load_manifest(backups.read(name), backups.manifest_address(name)) for name in left
        ]
        needed = {digest for manifest in manifests for digest in manifest.digests}
        backups.forget(old)
        backups.delete(sorted(backups.sizes().keys() - needed))
    return old


class _Making:
    def __init__(
        self,
        settings: Settings,
        instance: dg.DagsterInstance | None,
        backups: Backups,
        wanted: Wanted,
        tell: Callable[[str], None],
    ) -> None:
        self._settings, self._instance, self._backups = settings, instance, backups
        self._keys, self._tell = wanted.keys, tell
        in_folder = settings.landing_bucket is None
        if wanted.drops and not in_folder:
            raise UsageError(
                f"{settings.landing_zone}: drops in a bucket are kept by the bucket's versioning, "
                "or a replication of it; leave --drops out"
            )
        self._drops = in_folder if wanted.drops is None else wanted.drops
        self._kept: dict[str, Kept] = {}
        self._new_files = self._new_bytes = 0

    def made(self) -> Made:
        begun = datetime.now(UTC)
        databases = find_databases(self._settings, self._instance)
        if not self._settings.home.is_dir():
            raise UsageError(f"{self._settings.home}: there is no installation; see {PREFIX}HOME")
        with self._backups.working() as work:
            self._there = self._backups.sizes()
            self._tell("Copying the databases, while nobody writes to the warehouse.")
            moment = copy_moment(self._settings, databases, work)
            for name, copied in moment.files:
                self._keep(name, copied)
            self._tell("Copying the logs of runs, and files.")
            self._keep_logs_of_runs(databases, work)
            self._keep_files(work)
            self._backups.settle()
            self._check_is_there()
            manifest = self._manifest(begun, moment)
            name = f"{begun:%Y%m%dT%H%M%S.%fZ}"
            self._backups.write(name, manifest.model_dump_json(indent=1))
        return Made(name, manifest, self._new_files, self._new_bytes)

    def _keep(self, name: str, copied: Path, content: copying.Content | None = None) -> None:
        """Keep a copy in the working folder, unless the same content is there."""
        found = content or copying.read(copied)
        self._note(name, found)
        if self._there.get(found.sha256) == found.size:
            copied.unlink()
            return
        self._backups.keep(copied, found.sha256)
        self._there[found.sha256] = found.size
        self._new_files += 1
        self._new_bytes += found.size

    def _note(self, name: str, found: copying.Content) -> None:
        self._kept[name] = Kept(
            name=name,
            sha256=found.sha256,
            size=found.size,
            modified_ns=found.modified_ns,
        )

    def _keep_logs_of_runs(self, databases: list[Database], work: Path) -> None:
        """The SQLite file of each run, after the instance: one that is ahead harms nobody."""
        of_dagster = next((found for found in databases if found.name == DAGSTER), None)
        if self._instance is None or of_dagster is None or of_dagster.url is not None:
            return
        root = Path(self._instance.root_directory)
        there = {path for _, path in of_dagster.files}
        for path in sorted(root.rglob(f"*{DATABASE}")):
            if path in there:
                continue
            copied = work / "log"
            try:
                copy_sqlite(path, copied)
            except TransientError:
                if path.exists():
                    raise
                continue  # it was pruned meanwhile
            self._keep(f"{DAGSTER}/{path.relative_to(root).as_posix()}", copied)

    def _keep_files(self, work: Path) -> None:
        for part in plain_parts(self._settings, with_keys=self._keys, with_drops=self._drops):
            for name, path in part.files():
                if not is_copied_plainly(part, path):
                    continue
                try:
                    self._keep_file(name, path, work, at_rest=part.name == LANDING)
                except FileNotFoundError:  # it went meanwhile, as if before
                    continue

    def _keep_file(self, name: str, path: Path, work: Path, *, at_rest: bool) -> None:
        """Copy a file only if its content is not there; a drop only as it is complete."""
        while True:
            seen = copying.read_at_rest(path) if at_rest else copying.read(path)
            if self._there.get(seen.sha256) == seen.size:
                self._note(name, seen)
                return
            copied = work / "file"
            content = copying.copy(path, copied)
            if content == seen or not at_rest:
                self._keep(name, copied, content)
                return

    def _check_is_there(self) -> None:
        """That nobody has deleted meanwhile what was there before."""
        there = self._backups.sizes()
        for kept in self._kept.values():
            if there.get(kept.sha256) != kept.size:
                raise TransientError(
                    f"{self._backups.address}: {kept.name} went while the backup was made; give "
                    "each installation a place of its own, and try again"
                )

    def _manifest(self, begun: datetime, moment: Moment) -> Manifest:
        keys = self._settings.pseudonym_folder.glob(_PSEUDONYM_KEYS)
        return Manifest(
            begun=begun,
            moment=moment.at,
            ended=datetime.now(UTC),
            versions=versions(),
            settings=told_settings(self._settings),
            with_keys=self._keys,
            pseudonym_keys=tuple(sorted(key.name for key in keys)),
            not_in_it=tuple(self._elsewhere(moment.at)),
            dumps=moment.dumps,
            files=tuple(sorted(self._kept.values(), key=lambda kept: kept.name)),
        )

    def _elsewhere(self, at: datetime) -> Iterator[str]:
        """What the backup has not, and how it is kept."""
        settings = self._settings
        if settings.warehouse is WarehouseKind.SNOWFLAKE:
            yield (
                f"the warehouse: Snowflake's Time Travel has {settings.snowflake_database} as it "
                f"was AT(TIMESTAMP => '{at.isoformat()}'::TIMESTAMP_TZ), which fits this backup"
            )
        if settings.landing_bucket is not None:
            yield f"drops: {settings.landing_zone}, by the bucket's versioning"
        elif not self._drops:
            yield f"drops: {settings.landing_folder}; nothing else has them"
        if settings.object_store is ObjectStoreKind.S3:
            yield f"staged objects and answers of the API: s3://{settings.s3_bucket}"
        if not self._keys:
            yield "keys of pseudonyms, audit log and sessions, secrets of teams: see --with-keys"


def open_for_backup(home: Path) -> dg.DagsterInstance | None:
    """The instance of a folder, or None if there is none yet; nothing is made."""
    if not (home / "dagster.yaml").exists():
        return None
    os.environ["DAGSTER_HOME"] = str(home)  # its configuration may name it
    try:
        return dg.DagsterInstance.from_config(str(home))
    except Exception as error:
        raise UsageError(
            f"{home / 'dagster.yaml'}: cannot be opened ({error}); set the variables that it "
            "names, as the daemon has them"
        ) from error
