"""`sales-assets queue`: what waits and runs on a shared installation, team by team.

Belongs here: the command and its table. Does not: where it is read (`platform.queue.waiting`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, out

if TYPE_CHECKING:
    from datetime import datetime

    from sales_assets.platform.queue.waiting import TeamQueue


def queue(form: TableOrJsonOption = TableOrJson.TABLE) -> None:
    """What waits and runs, team by team; needs SALES_ASSETS_TEAMS_FILE."""
    import os
    from datetime import UTC, datetime

    import dagster as dg

    from sales_assets.errors import UsageError
    from sales_assets.platform.queue.waiting import team_queues
    from sales_assets.platform.teams_file import read_teams
    from sales_assets.settings import PREFIX, Settings, find_dagster_home

    settings = Settings.load()
    if settings.teams_file is None:
        raise UsageError(f"there are no teams; {PREFIX}TEAMS_FILE names the file that has them")
    home = find_dagster_home(settings)
    if not (home / "dagster.yaml").exists():
        raise UsageError(f"{home}: there is no dagster.yaml; nothing has been started there yet")
    os.environ["DAGSTER_HOME"] = str(home)  # which its configuration may name
    with dg.DagsterInstance.from_config(str(home)) as instance:
        found = team_queues(instance, read_teams(settings.teams_file))
    if form is TableOrJson.JSON:
        text = json.dumps([asdict(team) for team in found], default=str, indent=2)
        out.print(text, markup=False, soft_wrap=True)
    else:
        _print_table(found, datetime.now(UTC))


def _print_table(found: list[TeamQueue], now: datetime) -> None:
    from rich.table import Table

    table = Table("team", box=None)
    for name in ("queued", "running", "limit", "weight", "oldest wait"):
        table.add_column(name, justify="right")
    table.add_column("next in line", overflow="fold")
    for team in found:
        table.add_row(
            team.team,
            *(f"{number:,}" for number in (team.queued, team.running, team.limit, team.weight)),
            _duration(now, team.waits_since),
            _next(team),
        )
    out.print(table)


def _duration(now: datetime, since: datetime | None) -> str:
    if since is None:
        return "-"
    minutes, seconds = divmod(max(0, int((now - since).total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def _next(team: TeamQueue) -> str:
    if team.next is None:
        return "-"
    kept = "waits for the team's own runs" if team.at_limit else f"{team.next.ahead:,} ahead"
    return f"{team.next.job} {team.next.run_id[:8]} ({team.next.lane}), {kept}"
