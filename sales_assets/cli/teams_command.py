"""`sales-assets teams`: what teams.yaml says, or what is wrong with it.

Belongs here: the command and what it prints. Does not: the file's rules (`platform.teams`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import out

if TYPE_CHECKING:
    from sales_assets.platform.teams import Team, Teams


def teams(
    file: Annotated[
        Path | None, typer.Option("--file", help="Another file than the one that is in force.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--as", help="What somebody may do, like rita@example.com.")
    ] = None,
) -> None:
    """Check teams.yaml, and show the teams or one person's roles."""
    from rich.table import Table

    from sales_assets.errors import UsageError
    from sales_assets.platform.teams_file import read_teams
    from sales_assets.settings import PREFIX, Settings

    chosen = file or Settings.load().teams_file
    if chosen is None:
        raise UsageError(f"no team is set up: set {PREFIX}TEAMS_FILE, or give --file")
    found = read_teams(chosen)
    if person is not None:
        out.print(_roles(found, person))
        return
    table = Table("team", "code location", "asset keys", "seen by", "runs", "weight", "people")
    for name, team in found.teams.items():
        table.add_row(
            name,
            team.location,
            ", ".join(f"{prefix}/" for prefix in team.prefixes),
            "members" if team.private or found.signed_in == "none" else "all who sign in",
            str(team.quota.runs),
            str(team.quota.weight),
            _people(team),
        )
    out.print(table)
    out.print(f"Administrators: {', '.join(found.admins)}")


def _people(team: Team) -> str:
    return "\n".join(
        f"{role}: {', '.join(people)}" for role, people in sorted(team.members.items())
    )


def _roles(found: Teams, person: str) -> str:
    from sales_assets.platform.access import Access
    from sales_assets.platform.people import Person

    access = Access(found, Person(person))
    if access.is_admin:
        return f"{person} is an administrator: everything, everywhere."
    if not access.is_known:
        return f"{person} may not come in."
    told = [
        f"{name}: {access.role(str(team.location)) or 'sees nothing of it'}"
        for name, team in found.teams.items()
    ]
    return "\n".join([*told, *(["/metrics: reads it"] if access.may_monitor else [])])
