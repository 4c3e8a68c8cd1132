"""Where a backup keeps a file."""

from __future__ import annotations

from pathlib import Path

from sales_assets.backup.store import FolderBackups
from sales_assets.backup.verifying import read_manifest


def kept_file(place: str, name: str) -> Path:
    backups = FolderBackups(Path(place))
    [digest] = [
        file.sha256
        for file in read_manifest(backups, backups.chosen(None)).files
        if file.name == name
    ]
    return Path(place) / "files" / digest[:2] / digest
