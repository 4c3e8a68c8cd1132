"""What a backup says of itself: one JSON file, which is written last.

Belongs here: its form, and whether this installation's software can use it. Does not: where it is
kept (`store`), or the files that it names (`parts`).
"""

from __future__ import annotations

import platform
from collections.abc import Collection
from datetime import datetime
from importlib.metadata import version

from packaging.version import Version
from pydantic import BaseModel, ConfigDict, ValidationError

from sales_assets.errors import PermanentError
from sales_assets.settings import PREFIX, Settings, secret_settings

FORMAT = 1
"""Goes up when an older version of this project could not restore a backup any more."""
_JUDGED = {"sales_assets": "sales-assets", "dagster": "dagster", "duckdb": "duckdb"}
"""What writes the files of a backup, by its name there: an older one may not read them."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Kept(_Told):
    """A file of a backup; its content is kept under its hash."""

    name: str
    sha256: str
    size: int
    modified_ns: int
    """The catalogue knows a drop by its time: it comes back with the file."""


class Dump(_Told):
    """A PostgreSQL database in a backup."""

    name: str
    """Of its file in the backup."""
    holds: tuple[str, ...]
    """Which databases of the installation it is: dagster, catalogue, audit."""
    server: int
    """The major version of its server."""


class Manifest(_Told):
    """A backup."""

    format: int = FORMAT
    begun: datetime
    moment: datetime
    """The instance, the catalogue and the warehouse are as they were then."""
    ended: datetime
    versions: dict[str, str]
    settings: dict[str, str]
    with_keys: bool
    pseudonym_keys: tuple[str, ...] = ()
    """The names of those that there were, whether they are in it or not."""
    not_in_it: tuple[str, ...] = ()
    """What the installation has elsewhere, and how it is kept there."""
    dumps: tuple[Dump, ...] = ()
    files: tuple[Kept, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def digests(self) -> set[str]:
        """The hashes of all files."""
        return {file.sha256 for file in self.files}

    @property
    def told_settings(self) -> str:
        """The settings that it was made with, for a person who makes them again."""
        told = [f"{name}={value}" for name, value in self.settings.items()]
        return ", ".join(told) or "none was made"


def versions() -> dict[str, str]:
    """What is installed here and writes what a backup holds."""
    found = {name: version(package) for name, package in _JUDGED.items()}
    return {**found, "python": platform.python_version()}


def told_settings(settings: Settings) -> dict[str, str]:
    """The settings that somebody made, without secrets."""
    variables = {f"{PREFIX}{name}".upper(): name for name in settings.model_fields_set}
    return {
        variable: str(getattr(settings, name))
        for variable, name in sorted(variables.items())
        if variable not in secret_settings()
    }


def load_manifest(text: str, address: str) -> Manifest:
    """A manifest from its text; PermanentError if it is damaged or of a newer version."""
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise PermanentError(
            f"{address}: is damaged, or no backup ({error.error_count()} things are wrong in it); "
            "take another one by --name"
        ) from error
    if manifest.format > FORMAT:
        raise PermanentError(
            f"{address}: is in the form {manifest.format} of a newer sales-assets; this one reads "
            f"up to {FORMAT}. Install the version {manifest.versions.get('sales_assets')}"
        )
    return manifest


def refuse_newer(manifest: Manifest, address: str, names: Collection[str] = tuple(_JUDGED)) -> None:
    """Raise PermanentError if something older is installed than what wrote the backup."""
    here = versions()
    for name in names:
        made = manifest.versions.get(name)
        if made is not None and Version(made) > Version(here[name]):
            raise PermanentError(
                f"{address}: was made by {_JUDGED[name]} {made}, and {here[name]} is installed, "
                f"which may not read it; install {made} or a newer one"
            )
