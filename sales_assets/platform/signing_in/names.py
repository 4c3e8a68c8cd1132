"""From what somebody else's system calls a person to a name of teams.yaml.

Belongs here: which names and groups are taken. Does not: where they come from (`proxies`,
`claims`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LENGTH = 254
"""As long as an e-mail address may be."""


def person_name(text: str) -> str:
    """The name in lower case; ValueError if it is none that a person may have.

    A colon would make them a machine or a group. A letter that only looks like another one once
    it is in lower case (the Kelvin sign becomes a k) would make them somebody else.
    """
    name = text.lower()
    if not re.fullmatch(r"[^\s:,]+", name) or len(name) > _LENGTH or not name.isprintable():
        raise ValueError("is no name that a person may have")
    if not text.isascii() and text != name:
        raise ValueError("has letters beyond ASCII that are not in lower case")
    return name


def group_names(texts: Iterable[str]) -> frozenset[str]:
    """The groups in lower case, without empty ones; ValueError as for a person's name."""
    stripped = (text.strip() for text in texts)
    found = [text for text in stripped if text]
    if any(not text.isascii() and text != text.lower() for text in found):
        raise ValueError("has groups with letters beyond ASCII that are not in lower case")
    return frozenset(text.lower() for text in found)
