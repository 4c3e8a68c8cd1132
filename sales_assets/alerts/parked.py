"""Days that healing asks for no more, as problems: a person has to look.

Belongs here: the problems. Does not: what is parked, and when (`healing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sales_assets.alerts.known_assets import KnownAssets
from sales_assets.alerts.problems import Problem, Severity
from sales_assets.healing import parked
from sales_assets.healing.state import Parked
from sales_assets.partitions import Window
from sales_assets.report.links import run_path


@dataclass(frozen=True)
class ParkedDays:
    """What is parked, one problem for each source; the same one until none of its days is."""

    url: str
    assets: KnownAssets
    scope: str = "parked"

    def look(self, _: datetime) -> Sequence[Problem]:
        """A problem for each source, or for the models, that has days which are parked."""
        of_source: defaultdict[str, list[Parked]] = defaultdict(list)
        for found in parked(self.url):
            of_source[found.source].append(found)
        return [self._problem(source, found) for source, found in of_source.items()]

    def _problem(self, source: str, found: Sequence[Parked]) -> Problem:
        newest = max(found, key=lambda one: one.since)
        days = ", ".join(str(one.window) for one in found)
        are = "is" if sum(len(one.window) for one in found) == 1 else "are"
        all_days = Window.of_keys(
            min(one.window.first_key for one in found), max(one.window.last_key for one in found)
        )
        made = [key for key in self.assets.whose if key.startswith(f"{source}/")]
        return Problem(
            key=f"parked:{source}",
            scope=self.scope,
            severity=Severity.ERROR,
            what=f"{source}: {days} failed {newest.attempts} times and {are} asked for no more",
            cause=newest.last_error,
            at=min(one.since for one in found),
            occurrence=days,
            team=newest.team,
            source=source if made else None,
            affects=self.assets.affected(made),
            path=run_path(newest.run_id) if newest.run_id else "",
            command=f"sales-assets heal --unpark {source} {all_days}",
            escalates=False,
        )
