"""The teams that the queue goes by, also while teams.yaml cannot be read.

Belongs here: keeping what the queue needs of the last good file, and falling back to it. Does not:
reading the file (`platform.teams_file`), or what the queue does with it (`coordinator`).

A process that was there before a bad change has the last good file in memory. Runs and steps are
new processes, and ask for limits as well: hence the copy in Dagster's run storage, which all share.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.runs import RunStorage
from pydantic import ValidationError

from sales_assets.errors import UsageError
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import TeamsFile

KEY = "sales_assets/teams"
_KEPT: Any = {
    "version": True,
    "admins": True,
    "teams": {"__all__": {"location", "prefixes", "quota"}},
}
"""What makes a team's turn, and what no file is valid without: no addresses, no members."""
_NO_TEAMS = Teams.model_construct(version=1, admins=(), teams={})
_log = logging.getLogger("sales_assets")


class KeptTeams:
    """The teams of a file, or the last good ones; never an error."""

    def __init__(self, file: Path, storage: Callable[[], RunStorage]) -> None:
        """`storage` is where the copy is; asked for when it is needed."""
        self._path = file
        self._storage = storage
        self._file: TeamsFile | None = None
        self._kept: Teams | None = None
        self._told = ""

    def current(self) -> Teams:
        """The teams as the file has them now; else the last good ones, else none."""
        if self._file is None:
            try:
                self._file = TeamsFile(self._path)
            except UsageError as error:
                return self._last_good(error)
        teams = self._file.current()
        if teams is not self._kept:
            self._keep(teams)
            self._kept = teams
        return teams

    def _keep(self, teams: Teams) -> None:
        text = teams.model_dump_json(include=_KEPT)
        try:
            if self._read() != text:
                self._storage().set_cursor_values({KEY: text})
        except sa.exc.SQLAlchemyError as error:
            _log.error("The teams are not kept for a time when teams.yaml is wrong: %s", error)

    def _last_good(self, wrong: UsageError) -> Teams:
        try:
            text = self._read()
            teams = Teams.model_validate_json(text) if text else None
        except (sa.exc.SQLAlchemyError, ValidationError) as error:
            _log.error("The last good teams cannot be read: %s", error)
            teams = None
        if str(wrong) != self._told:
            self._told = str(wrong)
            instead = "the last good teams" if teams else "no team, and the limits of none"
            _log.error("The queue goes by %s, since %s", instead, wrong)
        return teams or _NO_TEAMS

    def _read(self) -> str | None:
        return self._storage().get_cursor_values({KEY}).get(KEY)
