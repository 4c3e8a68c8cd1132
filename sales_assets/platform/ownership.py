"""What the teams of teams.yaml allow a code location of this project to make.

Belongs here: the rules between contracts, asset keys and teams, asked when definitions are built.
Does not: the rule of prefixes itself (`prefixes`), or the file's words (`teams`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import dagster as dg

from sales_assets.contracts.model import SourceContract
from sales_assets.errors import UsageError
from sales_assets.platform.options import Part
from sales_assets.platform.prefixes import foreign_keys
from sales_assets.platform.teams import Builds, Teams
from sales_assets.platform.teams_file import read_teams_if_right


def check_ownership(
    file: Path,
    part: Part,
    team: str | None,
    contracts: Iterable[SourceContract],
    keys: Collection[dg.AssetKey],
) -> None:
    """Raise UsageError for what the teams of a file do not allow, naming team and fix.

    `keys` are those that the code location makes. One that holds everything is not split by
    teams: of it only the contracts are asked about. Of a team's part only its own are. A file that
    is wrong itself is a warning.
    """
    teams = read_teams_if_right(file)
    if teams is None:
        return
    for contract in contracts:
        has_left = part is Part.SHARED and contract.team not in teams.teams
        if not has_left and (part is not Part.SOURCES or contract.team == team):
            _check_contract(contract, file, teams, part)
    if part is Part.EVERYTHING:
        return
    name = _team_of_part(file, teams, part, team)
    own = teams.teams[name]
    if foreign := foreign_keys(keys, str(own.location), teams):
        raise UsageError(
            f"{file}: the code location {own.location} makes "
            f"{', '.join(key.to_user_string() for key in foreign)}, but the asset keys of the team "
            f"{name} begin with {', '.join(own.prefixes)}; give the key to another team's code "
            f"location, or add its beginning to teams.{name}.prefixes"
        )


def _check_contract(contract: SourceContract, file: Path, teams: Teams, part: Part) -> None:
    """A contract's team has to be there, and make sources if teams have code of their own."""
    if contract.team not in teams.teams:
        raise UsageError(
            f"{contract.file}: team.name: {file} has no team {contract.team}; add it there, or "
            f"name one of {', '.join(teams.teams)}"
        )
    if part is not Part.EVERYTHING and teams.teams[contract.team].builds is not Builds.SOURCES:
        raise UsageError(
            f"{contract.file}: team.name: the team {contract.team} builds what is shared, by "
            f"{file}, so that no code location makes this source; name another team"
        )


def _team_of_part(file: Path, teams: Teams, part: Part, team: str | None) -> str:
    """The team whose code location a part is."""
    if part is Part.SOURCES:
        assert team is not None  # Settings refuses sources without a team
        return team  # of a contract, and so one of the file
    sharing = [name for name, one in teams.teams.items() if one.builds is Builds.SHARED]
    if len(sharing) != 1:
        raise UsageError(
            f"{file}: {len(sharing)} teams have `builds: shared`; SALES_ASSETS_PART=shared is the "
            "code location of exactly one"
        )
    return sharing[0]
