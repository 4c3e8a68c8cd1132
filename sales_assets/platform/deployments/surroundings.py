"""The environment of a team's code server.

Belongs here: which variables it gets. Does not: reading this process's environment (`settings`),
or the team's file (`secrets`). It begins empty: what is not named here is not there, and so no
secret of the installation or of another team is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sales_assets.platform.deployments.records import Release
from sales_assets.platform.options import Part
from sales_assets.platform.teams import Builds, Team
from sales_assets.settings import (
    PREFIX,
    Settings,
    find_dagster_home,
    secret_settings,
    set_variables,
)

_OF_THE_MACHINE = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_ALL"),
    *("LC_CTYPE", "LC_COLLATE", "LC_TIME", "LC_NUMERIC", "LC_MONETARY", "LC_MESSAGES"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"),
)
_STORAGE = f"{PREFIX}DAGSTER_POSTGRES_URL"
"""Runs tell what they do by it: a team that shall use a role of its own names it in its file."""
_OF_THE_AUDIT_LOG = {f"{PREFIX}AUDIT_{name}" for name in ("URL", "KEY", "OLD_KEYS")}
"""What is shared publishes the head of the audit log, and nobody else's code may open it."""
_OF_ALERTS = {f"{PREFIX}ALERTS_{name}" for name in ("URL", "SMTP_URL")}
"""What is shared sends the alerts of all teams, and nobody else's code sees where to."""
_OF_A_FOLDER = f"{PREFIX}DBT_PREPARED_PATH"
"""A release has its own parsed dbt project."""


def surroundings(
    settings: Settings, name: str, team: Team, release: Release, secrets: Mapping[str, str]
) -> dict[str, str]:
    """The variables of a server of a team's release."""
    found = set_variables()
    machine = {key: found[key] for key in _OF_THE_MACHINE if key in found}
    given = _OF_THE_AUDIT_LOG | _OF_ALERTS if team.builds is Builds.SHARED else set()
    hidden = secret_settings() - {_STORAGE} - given
    own = {key: value for key, value in found.items() if key.startswith(PREFIX)}
    shown = {key: value for key, value in own.items() if key.upper() not in hidden}
    shown.pop(f"{PREFIX}TEAM", None)
    if release.commit is not None:
        shown.pop(_OF_A_FOLDER, None)
    return {
        **machine,
        **shown,
        **secrets,
        "PATH": f"{release.python.parent}:{machine.get('PATH', '/usr/bin:/bin')}",
        "PYTHONPATH": str(release.folder),
        "PYTHONUNBUFFERED": "1",
        "DAGSTER_HOME": str(find_dagster_home(settings)),
        **_part(settings.home, settings.teams_file, name, team),
    }


def _part(home: Path, teams_file: Path | None, name: str, team: Team) -> dict[str, str]:
    """What of the project the location holds."""
    shared = team.builds is Builds.SHARED
    part = {f"{PREFIX}PART": (Part.SHARED if shared else Part.SOURCES).value}
    return {
        f"{PREFIX}HOME": str(home),
        **({f"{PREFIX}TEAMS_FILE": str(teams_file.absolute())} if teams_file else {}),
        **part,
        **({} if shared else {f"{PREFIX}TEAM": name}),
    }
