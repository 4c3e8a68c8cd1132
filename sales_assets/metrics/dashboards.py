"""The dashboards, as Grafana's files have them.

Belongs here: laying panels out, and the variables. Does not: the panels (`panels`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sales_assets.metrics.panel import DATASOURCE, HEIGHT, PER_ROW, WIDTH, Row
from sales_assets.metrics.panels import INSTALLATION, TEAM

_TEAMS = "label_values(sales_assets_run_queue_oldest_age_seconds, team)"


def dashboards() -> dict[str, dict[str, Any]]:
    """The files by their names."""
    return {
        "installation.json": _dashboard("sales-assets", "Sales assets", INSTALLATION, every=True),
        "team.json": _dashboard("sales-assets-team", "Sales assets of a team", TEAM, every=False),
    }


def _dashboard(uid: str, title: str, rows: Sequence[Row], *, every: bool) -> dict[str, Any]:
    """A dashboard of all teams at first, or of one."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["sales-assets"],
        "timezone": "utc",
        "schemaVersion": 39,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_datasource(), _team(every=every)]},
        "panels": list(_panels(rows)),
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
    }


def _team(*, every: bool) -> dict[str, Any]:
    return {
        "name": "team",
        "label": "Team",
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": _TEAMS, "refId": "teams"},
        "refresh": 2,
        "sort": 1,
        "multi": every,
        "includeAll": every,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]} if every else {},
    }


def _panels(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, y = 1, 0
    for row in rows:
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        number, y = number + 1, y + 1
        for position, panel in enumerate(row.panels):
            line, column = divmod(position, PER_ROW)
            yield panel.written(number, column * WIDTH, y + line * HEIGHT)
            number += 1
        y += HEIGHT * -(-len(row.panels) // PER_ROW)
