"""Bringing an installation back from a backup.

Belongs here: what is refused, the order, and the moment at which the home is there again. Does
not: where files lie (`parts`), which databases are filled (`targets`), or what is done with runs
that were under way (`ended_runs`).

All is made beside the home, in a folder that is renamed at the end: until then the home is absent,
or as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from sales_assets.backup import copying, postgres
from sales_assets.backup.aside import move_aside
from sales_assets.backup.ended_runs import end_runs
from sales_assets.backup.manifest import Dump, Kept, Manifest, refuse_newer
from sales_assets.backup.parts import DAGSTER, PSEUDONYMS, Part, is_private, parts
from sales_assets.backup.store import Backups, one_at_a_time
from sales_assets.backup.targets import find_targets
from sales_assets.backup.verifying import check_content, read_manifest
from sales_assets.errors import PermanentError, UsageError
from sales_assets.settings import PREFIX, Settings, find_dagster_home

_BRING_BACK = """This key is in no backup that was made without --with-keys. Put the file here that
was here before: with another key every customer gets another pseudonym.
"""

_RESTORING = ".restoring.tmp"
"""How hidden files end that are on their way: with `.tmp` they are no drops (`landing_zone`)."""


@dataclass
class Restored:
    """What a restore did, for a person to read."""

    name: str
    manifest: Manifest
    home: Path
    ended_runs: int = 0
    aside: list[Path] = field(default_factory=list)
    """Where what was there before is now."""
    left: list[str] = field(default_factory=list)
    """Files of people that were there, and are others than in the backup."""
    missing_keys: list[Path] = field(default_factory=list)


def restore(
    settings: Settings, backups: Backups, name: str | None = None, *, force: bool = False
) -> Restored:
    """Bring a backup back, the newest by default, to where the settings say.

    Refuses a home that is not empty, unless `force` moves it aside. Raises UsageError,
    TransientError and PermanentError saying what to do; nothing is changed then, but for a
    database of PostgreSQL that was filled.
    """
    home = settings.home.resolve()
    if home.is_mount():
        raise UsageError(
            f"{home}: a file system is mounted there, and cannot be renamed; restore --into a "
            f"folder in it, and set {PREFIX}HOME to that"
        )
    chosen = backups.chosen(name)
    manifest = read_manifest(backups, chosen)
    refuse_newer(manifest, backups.manifest_address(chosen))
    _refuse_instance_elsewhere(settings, manifest)
    home.parent.mkdir(parents=True, exist_ok=True)
    lock = home.with_name(f".{home.name}.restoring.lock")
    with one_at_a_time(lock, str(home)):
        try:
            return _Restoring(settings, backups, chosen, manifest, force=force).restored()
        finally:
            lock.unlink(missing_ok=True)


def _refuse_instance_elsewhere(settings: Settings, manifest: Manifest) -> None:
    """Raise UsageError if Dagster looks for its instance in another place than it is put to."""
    named, made = find_dagster_home(settings), settings.dagster_home
    in_it = any(kept.name.startswith(f"{DAGSTER}/") for kept in manifest.files)
    if in_it and named.resolve() != made.resolve():
        raise UsageError(
            f"DAGSTER_HOME is {named}, and a restore puts Dagster's instance into {made}: unset "
            "it for this command, and set it to that folder wherever Dagster is started"
        )


class _Restoring:
    def __init__(
        self, settings: Settings, backups: Backups, name: str, manifest: Manifest, *, force: bool
    ) -> None:
        self._settings, self._backups, self._manifest = settings, backups, manifest
        self._force = force
        self._home = settings.home
        self._place = self._home.resolve()
        """What is renamed: the home may be a link, or have one above it."""
        self._new_home = _beside(self._place)
        self._parts = parts(settings, dagster_home=settings.dagster_home)
        self._aside = f"before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        self._added: list[tuple[Path, Path]] = []
        """Files of people that come into a folder that is there: where each is made, its place."""
        self._result = Restored(name, manifest, self._home)

    def restored(self) -> Restored:
        wanted = [(kept, self._part(kept)) for kept in self._manifest.files if not self._dump(kept)]
        outside = self._outside([part for _, part in wanted])
        targets = find_targets(self._settings, self._manifest)
        self._refuse_what_is_there(outside)
        self._remove_unfinished(outside)  # of a restore that was killed
        self._new_home.mkdir()
        with self._removed_after_failure(outside):
            for kept, part in wanted:
                place = part.place(kept.name)
                if not (part in outside and part.is_input and part.path.exists()):
                    self._fetch(kept, self._way(place, part))
                elif os.path.lexists(place):
                    self._compare(kept, place)
                else:
                    self._fetch_into_folder(kept, place)
            self._hold_places_of_keys()
            self._fill(targets)
            if (self._new_home_of(DAGSTER) / "dagster.yaml").exists():
                self._result.ended_runs = end_runs(self._new_home_of(DAGSTER))
            self._swap(outside)
        return self._result

    def _part(self, kept: Kept) -> Part:
        for part in self._parts:
            if part.has(kept.name):
                return part
        setting = "TEAMS_FILE" if kept.name == "teams.yaml" else ""
        raise UsageError(
            f"{kept.name} is in the backup, and the settings have no place for it; make them as "
            f"they were: {self._manifest.told_settings}"
            + (f". {PREFIX}{setting} says where it goes" if setting else "")
        )

    def _dump(self, kept: Kept) -> bool:
        return any(dump.name == kept.name for dump in self._manifest.dumps)

    def _outside(self, found: Sequence[Part]) -> list[Part]:
        """The parts whose places are not in the home."""
        return [part for part in dict.fromkeys(found) if self._below_home(part.path) is None]

    def _below_home(self, path: Path) -> Path | None:
        """The path in the home, by its name or by what that points at; None if it is elsewhere."""
        for home in (self._home.absolute(), self._place):
            if path.absolute().is_relative_to(home):
                return path.absolute().relative_to(home)
        return None

    def _refuse_what_is_there(self, outside: Sequence[Part]) -> None:
        for part in outside:
            if part.path.is_symlink() and not part.path.exists():
                raise UsageError(
                    f"{part.path}: is a link to {part.path.readlink()}, which is not there; mount "
                    "what that is on, make it, or remove the link"
                )
        if self._force:
            return
        there = [part.path for part in outside if not part.is_input and part.path.exists()]
        if _is_used(self._place):
            there.insert(0, self._home)
        if there:
            raise UsageError(
                f"{there[0]}: is there and not empty; --force moves it aside (to "
                f"{there[0].name}.{self._aside}), --into takes another home"
            )

    def _way(self, place: Path, part: Part) -> Path:
        """Where a file is made that will be at a place."""
        below = self._below_home(place)
        if below is None:
            return _beside(part.path) / place.relative_to(part.path)
        return self._new_home / below

    def _new_home_of(self, name: str) -> Path:
        part = next(part for part in self._parts if part.name == name)
        return self._way(part.path, part)

    def _fetch(self, kept: Kept, target: Path) -> None:
        private = is_private(kept.name)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
        target.touch(mode=0o600 if private else 0o666)
        self._fetch_to(kept, target)
        os.utime(target, ns=(kept.modified_ns, kept.modified_ns))

    def _fetch_to(self, kept: Kept, target: Path) -> None:
        try:
            with self._backups.file(kept.sha256) as path:
                check_content(kept, copying.copy(path, target))
        except PermanentError as error:
            raise PermanentError(f"{kept.name}: {error}") from error

    def _fetch_into_folder(self, kept: Kept, place: Path) -> None:
        """Under a hidden name in the nearest folder that is there: so renaming it does the rest.

        A folder of people may be mounted, and so may one in it: neither can be exchanged.
        """
        folder = next(folder for folder in place.parents if os.path.lexists(folder))
        unfinished = folder / f".{len(self._added)}{_RESTORING}"
        try:
            unfinished.touch()
        except OSError as error:
            raise UsageError(
                f"{folder}: {kept.name} of the backup goes there, and no file can be made "
                f"({error.strerror}); make it a folder that can be written to, or name another by "
                "its setting"
            ) from error
        self._added.append((unfinished, place))
        self._fetch(kept, unfinished)

    def _compare(self, kept: Kept, path: Path) -> None:
        """Note a file of people that is there, and another one than in the backup."""
        if not path.is_file() or copying.read(path).sha256 != kept.sha256:
            self._result.left.append(f"{kept.name} ({path})")

    def _hold_places_of_keys(self) -> None:
        """Put a text in the place of each key that is not here: a run would make another key."""
        part = next(part for part in self._parts if part.name == PSEUDONYMS)
        for name in self._manifest.pseudonym_keys:
            place = part.path / name
            made = self._way(place, part)
            if not made.exists() and self._below_home(place) is None:
                made = place
            if not made.exists():
                made.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                made.touch(mode=0o600)
                made.write_text(_BRING_BACK, encoding="ascii")
                self._result.missing_keys.append(place)

    def _fill(self, targets: Sequence[tuple[Dump, sa.URL]]) -> None:
        """After every file is known to be whole: what is in a server cannot be renamed."""
        files = {kept.name: kept for kept in self._manifest.files}
        fetched = []
        for dump, url in targets:
            fetched.append((self._new_home / dump.name, dump.server, url))
            self._fetch_to(files[dump.name], fetched[-1][0])
        for file, server, url in fetched:
            postgres.restore(url, server, file)
            file.unlink()

    def _swap(self, outside: Sequence[Part]) -> None:
        """Put all in place, the home last."""
        for unfinished, place in self._added:
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(unfinished, place)
        for part in outside:
            if (made := _beside(part.path)).exists():
                self._result.aside += move_aside(part.path, self._aside)
                os.replace(made, part.path)
        if _is_used(self._place):
            self._result.aside += move_aside(self._place, self._aside)
        os.replace(self._new_home, self._place)

    @contextmanager
    def _removed_after_failure(self, outside: Sequence[Part]) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._remove_unfinished(outside)
            raise

    def _remove_unfinished(self, outside: Sequence[Part]) -> None:
        _remove(self._new_home)
        for part in outside:
            _remove(_beside(part.path))
            if part.is_input:
                for path in list(part.path.rglob(f".*{_RESTORING}")):
                    _remove(path)
        for path, _ in self._added:  # also in a linked folder, where the others are not looked for
            _remove(path)


def _is_used(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.restoring")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
