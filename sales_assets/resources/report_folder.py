"""The report folder: where the finished page is put for people.

Belongs here: writing the page. Does not: making it (`report`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.resources.files import whole

PAGE = "sales_report.html"


class ReportFolder(dg.ConfigurableResource[Any]):
    """A directory at `path`, made when it is first needed."""

    path: str

    def write(self, page: str) -> Path:
        """Replace the page; a reader sees the old one or the new one, never a part."""
        target = Path(self.path).absolute() / PAGE
        with whole(target) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
        return target
