"""One alert of Prometheus, and how it is written.

Belongs here: its form. Does not: which alerts there are (`rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sales_assets.metrics.times import Times
from sales_assets.platform.queue.stamps import NO_TEAM

PAGE = "engineers/monitoring"
"""The page of the docs that says what to do; each alert has a heading there."""


@dataclass(frozen=True)
class Alert:
    """A vector, and the comparison that lets only what is wrong through."""

    name: str
    vector: str
    comparison: str
    hold: int
    """Seconds that it has to be so."""
    severity: Literal["warning", "error"]
    """As of routes in teams.yaml."""
    summary: str
    description: str
    of_installation: bool = False
    """Whether it is no team's; else the vector has the label `team`."""

    @property
    def expression(self) -> str:
        """What Prometheus evaluates."""
        return f"{self.vector} {self.comparison}"

    def written(self, times: Times, docs: str | None) -> dict[str, Any]:
        """The rule of a file; `docs` is where the docs are served, if they are."""
        page = f"{docs.rstrip('/')}/{PAGE}.html" if docs else f"docs/{PAGE}.md"
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": times.hold(self.hold),
            "labels": {
                "severity": self.severity,
                **({"team": NO_TEAM} if self.of_installation else {}),
            },
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{page}#{self.name.lower()}",
            },
        }
