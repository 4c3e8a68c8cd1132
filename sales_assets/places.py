"""Where an installation keeps what it has: settings, and what follows for those that are not set.

Belongs here: folders, files and addresses. Does not: reading them from the environment, and all
other settings (`settings`).
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

_S3_ADDRESS = r"s3://([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:/(.*))?"


def bucket_and_prefix(address: str) -> tuple[str, str] | None:
    """The parts of an s3:// address; None for any other text."""
    found = re.fullmatch(_S3_ADDRESS, address)
    return (found[1], found[2] or "") if found else None


class Places(BaseModel):
    """The places of an installation."""

    home: Path
    landing_zone: str | None = Field(
        default=None,
        description="Folder of the drops, or s3://bucket/prefix; default: landing in the home.",
    )
    object_store_path: Path | None = Field(
        default=None, description="Folder of the staged objects; default: objects in the home."
    )
    warehouse_path: Path | None = Field(
        default=None, description="The DuckDB file; default: warehouse.duckdb in the home."
    )
    catalogue_url: str | None = Field(
        default=None, description="SQLAlchemy address of the drop catalogue; default: SQLite."
    )
    contracts: Path | None = Field(
        default=None, description="Folder of the contracts; default: the ones that are shipped."
    )
    pseudonym_keys: Path | None = Field(
        default=None,
        description="Folder of the keys that make pseudonyms of personal values; default: "
        "pseudonym_keys in the home. A missing key is made, unless drops are in a bucket or steps "
        "are done by workers: each machine would make another one.",
    )
    exchange_rates_recordings: Path | None = Field(
        default=None,
        description="Folder of recorded answers; default: those in the object folder.",
    )

    @field_validator("landing_zone", mode="before")
    @classmethod
    def _folder_or_bucket(cls, zone: object) -> str | None:
        """An s3:// address as it is, and every other text as a folder."""
        if zone is None or re.fullmatch(_S3_ADDRESS, str(zone)):
            return None if zone is None else str(zone)
        if "://" in str(zone):
            raise ValueError("is neither a folder nor s3://bucket/prefix with a bucket's name")
        return str(Path(str(zone)).absolute())

    @field_validator("*", mode="after")
    @classmethod
    def _absolute(cls, value: object) -> object:
        """Dagster's processes work in other folders than the one a path was written for."""
        return value.absolute() if isinstance(value, Path) else value

    @field_validator("home")
    @classmethod
    def _fit_for_addresses(cls, home: Path) -> Path:
        if "?" in str(home):
            raise ValueError("holds a question mark, where the address of the catalogue would end")
        return home

    @field_validator("catalogue_url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        """Dagster shows the configuration of resources to everybody who may see the UI."""
        if url and re.search(r"://[^:/?#]*:[^?#]*@|[?&][^=&]*pass[^=&]*=", url):
            raise ValueError(
                "holds a password, which the UI would show; leave it out and put it into "
                "~/.pgpass or PGPASSWORD, where the driver finds it"
            )
        return url

    @property
    def landing_folder(self) -> Path:
        """Folder of the drops, if they are kept in one."""
        return Path(self.landing_zone) if self.landing_zone else self.home / "landing"

    @property
    def landing_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix of the drops, if they are kept in one."""
        return bucket_and_prefix(self.landing_zone or "")

    @property
    def object_folder(self) -> Path:
        """Folder of the staged objects, if they are kept in one."""
        return self.object_store_path or self.home / "objects"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file."""
        return self.warehouse_path or self.home / "warehouse.duckdb"

    @property
    def catalogue_address(self) -> str:
        """SQLAlchemy address of the drop catalogue."""
        return self.catalogue_url or f"sqlite:///{self.home / 'catalogue.sqlite'}"

    @property
    def contracts_folder(self) -> Path:
        """Folder of the contracts."""
        return self.contracts or Path(__file__).parent / "sources"

    @property
    def pseudonym_folder(self) -> Path:
        """Folder of the keys of pseudonyms."""
        return self.pseudonym_keys or self.home / "pseudonym_keys"

    @property
    def recordings_folder(self) -> Path:
        """Folder of the recorded answers of the exchange-rate API."""
        return self.exchange_rates_recordings or self.object_folder / "exchange_rates"

    @property
    def dagster_home(self) -> Path:
        """Folder of the Dagster instance: runs, events, schedules."""
        return self.home / "dagster"

    @property
    def report_folder(self) -> Path:
        """Folder of the report."""
        return self.home / "report"
