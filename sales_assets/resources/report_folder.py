"""The report folder: where finished pages and files are put for people.

Belongs here: their places, and putting them there. Does not: making them (`report`, `exports`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.resources.files import all_whole, whole

PAGE = "sales_report.html"
OPERATIONS = "operations.html"
SQLITE = "marts.sqlite"
PARQUET = "parquet"
"""A folder."""
DICTIONARY = "data_dictionary.html"
DICTIONARY_CSV = "data_dictionary.csv"


class ReportFolder(dg.ConfigurableResource[Any]):
    """A directory at `path`, made when it is first needed."""

    path: str

    @property
    def folder(self) -> Path:
        """The directory."""
        return Path(self.path).absolute()

    def write(self, page: str, name: str = PAGE) -> Path:
        """Replace a page; a reader sees the old one or the new one, never a part."""
        target = self.folder / name
        with whole(target) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
        return target

    def replacing(self) -> AbstractContextManager[Path]:
        """Give a folder whose files replace those of the report folder, if all went well."""
        return all_whole(self.folder)
