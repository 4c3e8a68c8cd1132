"""One panel of a dashboard, and how Grafana reads it.

Belongs here: its form. Does not: which panels there are (`panels`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Literal

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 8, 8
PER_ROW = 24 // WIDTH
OF_TEAM = 'team=~"$team"'
"""The label of a series that chooses the teams of the dashboard's variable."""


@dataclass(frozen=True)
class Query:
    """An expression, and what its series are called."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """What is shown of some expressions."""

    title: str
    queries: Sequence[Query]
    unit: str = "short"
    """As Grafana calls it."""
    kind: Literal["timeseries", "table", "barchart"] = "timeseries"
    description: str = ""

    def written(self, number: int, x: int, y: int) -> dict[str, Any]:
        """The panel of a file, at a place."""
        is_now = self.kind != "timeseries"
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": self.unit}, "overrides": []},
            "options": {},
            "targets": [
                {
                    "refId": letter,
                    "datasource": DATASOURCE,
                    "expr": query.expression,
                    "legendFormat": query.legend,
                    **({"instant": True, "format": "table"} if is_now else {"range": True}),
                }
                for letter, query in zip(ascii_uppercase, self.queries, strict=False)
            ],
        }


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]
