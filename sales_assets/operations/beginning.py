"""The operations page before anybody has looked.

Belongs here: seeing to it that the report's link leads to a page. Does not: looking (`gathering`),
which a run that makes the report does without: it would ask a hundred things more each time, and
the page would still be as old as the last build.
"""

from __future__ import annotations

from datetime import datetime

from sales_assets.operations.page import render
from sales_assets.operations.standing import Operations
from sales_assets.report.links import Links
from sales_assets.resources.report_folder import OPERATIONS, ReportFolder

NOT_YET = (
    "Nobody has looked yet. Dagster's daemon writes this page every five minutes; without one, "
    "`sales-assets status --html FILE` does, and `sales-assets status` says the same."
)


def begin(folder: ReportFolder, links: Links, now: datetime) -> None:
    """Write a page that says so, if there is none."""
    if not (folder.folder / OPERATIONS).is_file():
        folder.write(render(Operations(now, withheld=NOT_YET), links), OPERATIONS)
