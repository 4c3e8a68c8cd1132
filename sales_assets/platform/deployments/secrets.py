"""A team's secrets, which its code server alone gets.

Belongs here: reading them from the team's file. Does not: what else is in a server's environment
(`surroundings`).
"""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from sales_assets.errors import PermanentError

_NOT_THEIRS = {
    *("SALES_ASSETS_HOME", "SALES_ASSETS_PART", "SALES_ASSETS_TEAM", "SALES_ASSETS_TEAMS_FILE"),
    *("DAGSTER_HOME", "PYTHONPATH", "PATH"),
}


def read_secrets(file: Path) -> dict[str, str]:
    """The names and values in a file of KEY=VALUE; nothing if there is no file.

    Raises PermanentError if others may read or change it, or if it sets what the installation
    decides. No message holds a value.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    except OSError as error:
        why = error.strerror
        raise PermanentError(f"{file}: cannot be read ({why}); no link is followed") from error
    with os.fdopen(descriptor, encoding="utf-8") as opened:
        found = os.fstat(descriptor)
        if found.st_uid != os.getuid():
            raise PermanentError(f"{file}: belongs to somebody else; `chown` it to this user")
        if found.st_mode & 0o077:
            raise PermanentError(f"{file}: others may use it; `chmod 600` it")
        try:
            text = opened.read()
        except UnicodeDecodeError as error:
            raise PermanentError(f"{file}: is no UTF-8 text") from error
    values = dotenv_values(stream=StringIO(text), interpolate=False)
    if empty := sorted(name for name, value in values.items() if value is None):
        raise PermanentError(f"{file}: {empty[0]} has no value; write {empty[0]}=...")
    if foreign := sorted(_NOT_THEIRS & set(values)):
        raise PermanentError(f"{file}: {foreign[0]} is the installation's to set; leave it out")
    return {name: value for name, value in values.items() if value is not None}
