"""The roles that a person has for a team's code location.

Belongs here: their names and order. Does not: who has one (`teams`), what follows for a person
(`access`), or what Dagster lets a role do (`permissions`).
"""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Each may do all that the ones before it may, and more.

    VIEWER sees. LAUNCHER starts and ends runs and backfills. EDITOR also turns schedules and
    sensors on and off, moves their cursors, reports events and reloads the code. ADMIN also
    deletes: runs, and the history of assets.
    """

    VIEWER = 1
    LAUNCHER = 2
    EDITOR = 3
    ADMIN = 4

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def named(cls, name: str) -> Role:
        """The role of this name, as teams.yaml writes it; ValueError if there is none."""
        try:
            return cls[name.upper()]
        except KeyError:
            known = ", ".join(str(role) for role in cls)
            raise ValueError(f"there is no role {name!r}; there are {known}") from None
