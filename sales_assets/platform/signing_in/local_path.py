"""Where a browser goes after a sign-in: only within the webserver.

Belongs here: which addresses are taken. Does not: redirecting.
"""

from __future__ import annotations

import re

HOME = "/"
_LENGTH = 2000
_VISIBLE = re.compile(r"/[!-\[\]-~]*")
"""ASCII without spaces, control characters (browsers skip some) and the backslash (to them a /)."""


def local_path(text: str | None) -> str:
    """The address if it is a path of this webserver, else the home page."""
    if text is None or len(text) > _LENGTH or not _VISIBLE.fullmatch(text):
        return HOME
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    if "//" in path or path.startswith(("/sign-in", "/sign-out")):
        return HOME
    return text
