"""The settings of backups.

Belongs here: their names, types and defaults; `settings.Settings` has them among its own. Does not:
what a backup is (`making`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, field_validator


class BackupOptions(BaseModel):
    """Where backups go, and how many stay."""

    backup_to: str | None = Field(
        default=None,
        min_length=1,
        description="Folder or s3://bucket/prefix of this installation's backups, outside of the "
        "home; with it there is a schedule `backup`.",
    )
    backup_keep: int = Field(
        default=7, ge=1, description="Backups that the schedule `backup` keeps there."
    )

    @field_validator("backup_to")
    @classmethod
    def _absolute_folder(cls, place: str | None) -> str | None:
        """The schedule's process works in another folder than the one a path was written for."""
        if place is None or place.startswith("s3://"):
            return place
        return str(Path(place).absolute())
