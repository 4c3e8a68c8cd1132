"""How names and texts stand in SQL.

Belongs here: quoting, and nothing else. Texts become literals and names identifiers, so that
nothing of a file or a contract is ever taken for SQL.
"""

from __future__ import annotations


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
