"""Names and texts of settings in a script for Snowflake.

Belongs here: which object a setting's text means, and writing it so that nothing of it is taken
for SQL. Does not: the script (`snowflake_script`).
"""

from __future__ import annotations

import re

from sales_assets.contracts.quoting import literal, quoted
from sales_assets.errors import UsageError
from sales_assets.settings import PREFIX, Settings

LONGEST = 255
"""Characters of a name (Snowflake's documentation, "Identifier requirements")."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')


def object_name(settings: Settings, setting: str) -> str:
    """The exact name of the object that a setting means.

    A setting is what stands in SQL, as sign-in and dbt use it: a plain name means the one in
    capitals, a name in double quotes itself. Raises UsageError for anything else.
    """
    return _exact(setting, str(getattr(settings, setting)))


def _exact(setting: str, text: str) -> str:
    if _PLAIN.fullmatch(text):
        name = text.upper()
    elif (found := _QUOTED.fullmatch(text)) and found[1].isprintable():
        name = found[1].replace('""', '"')
    else:
        raise UsageError(
            f"{PREFIX}{setting.upper()}={text!r} is no name in Snowflake: give letters, digits, _ "
            'and $, or put any other name into double quotes, like "my name"'
        )
    if len(name) > LONGEST:
        raise UsageError(f"{PREFIX}{setting.upper()} is longer than {LONGEST} characters")
    return name


def login_name(settings: Settings) -> str:
    """The user's name for signing in, which Snowflake and the connector take in capitals.

    Raises UsageError for a name that cannot be printed.
    """
    name = str(settings.snowflake_user).upper()
    if not name.isprintable() or len(name) > LONGEST:
        raise UsageError(
            f"{PREFIX}SNOWFLAKE_USER={settings.snowflake_user!r} is no name to sign in with: give "
            f"up to {LONGEST} characters that can be printed"
        )
    return name


def stage_name(settings: Settings) -> tuple[str, str, str]:
    """Database, schema and name of the external stage, as a session of the pipeline finds it."""
    parts = [part.upper() for part in str(settings.snowflake_stage).split(".")]
    here = [object_name(settings, "snowflake_database"), "MAIN"]
    database, schema, name = [*here[: 3 - len(parts)], *parts]
    return database, schema, name


def path(*names: str) -> str:
    """Names as one identifier."""
    return ".".join(map(quoted, names))


def text(value: str) -> str:
    """A text as a literal; Snowflake reads a backslash in one as the beginning of an escape."""
    return literal(value.replace("\\", "\\\\"))
