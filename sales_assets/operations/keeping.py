"""Writing the page beside the report again and again, whether or not anything is built.

Belongs here: when it is written, and that it may fail. Does not: what is on it (`page`), or who
calls this (the sensor in `automation.alerts`).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sales_assets.operations.gathering import Gathering
from sales_assets.operations.page import render
from sales_assets.operations.privacy import for_readers
from sales_assets.report.links import Links
from sales_assets.resources.report_folder import OPERATIONS, ReportFolder

EVERY_SECONDS = 300.0
_FAILED: Final[dict[Path, float]] = {}
"""When writing a page failed last, in this process: it costs as much as one that is written."""
_log = logging.getLogger("sales_assets.operations")


@dataclass(frozen=True)
class Keeping:
    """The page of an installation in its report folder."""

    gathering: Gathering
    folder: ReportFolder
    links: Links

    @property
    def _file(self) -> Path:
        return self.folder.folder / OPERATIONS

    @property
    def is_due(self) -> bool:
        """Whether the page is not there, or as old as it may become."""
        try:
            written = self._file.stat().st_mtime
        except OSError:
            written = 0.0
        written = max(written, _FAILED.get(self._file, 0.0))
        return not 0 <= time.time() - written < EVERY_SECONDS

    def keep(self) -> bool:
        """Write the page if it is due; whether it was written. What fails is logged."""
        if not self.is_due:
            return False
        try:
            gathering = self.gathering
            teams = gathering.teams()
            found = for_readers(
                gathering.look(teams=teams),
                teams,
                is_shared=gathering.settings.teams_file is not None,
            )
            self.folder.write(render(found, self.links), OPERATIONS)
        except Exception:  # noqa: BLE001 (logged; the page that is there says how old it is)
            _FAILED[self._file] = time.time()
            _log.exception("The operations page was not written; the next try is in five minutes.")
            return False
        return True
