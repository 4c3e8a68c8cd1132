"""What messages say.

Belongs here: titles and texts. Does not: who gets them (`routes`), or when (`book`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sales_assets.alerts.problems import Problem, Severity

_LONGEST_CAUSE = 1_500
"""Characters: chats cut long messages or refuse them; the link leads to all of it."""
_LISTED = 20


class Text(NamedTuple):
    """A message as it is sent."""

    title: str
    text: str


class Told(NamedTuple):
    """An incident, as far as messages tell of it."""

    problem: Problem
    severity: Severity
    failures: int
    opened: datetime
    closed: datetime | None = None


@dataclass(frozen=True)
class Wording:
    """The texts, with links into the UI at `ui`, if there is one."""

    ui: str | None = None

    def opened(self, told: Told) -> Text:
        """What broke, since when, what it affects, why, and what mends it."""
        problem = told.problem
        lines = {
            "What": problem.what,
            "Since": _time(told.opened)
            + (f", {told.failures} times in a row" if told.failures > 1 else ""),
            "Affects": ", ".join(problem.affects),
            "Likely cause": _cut(problem.cause),
            "Look": self._link(problem.path),
            "To mend": problem.command,
        }
        title = f"{told.severity.value.upper()} {_whose(problem)}{problem.what}"
        return Text(title, _listed(lines))

    def recovered(self, told: Told, how: str) -> Text:
        """What is right again, and how long it was not."""
        problem, closed = told.problem, told.closed or told.opened
        lines = {
            "What": problem.what,
            "Was so": f"from {_time(told.opened)} to {_time(closed)}"
            + (f", {told.failures} times" if told.failures > 1 else ""),
            "Now": how,
            "Look": self._link(problem.path),
        }
        return Text(f"RECOVERED {_whose(problem)}{problem.what}", _listed(lines))

    def digest(self, since: datetime, now: datetime, incidents: Sequence[Told]) -> Text | None:
        """What is open, and what opened and recovered since; None if there is nothing."""
        parts = {
            "Open": [one for one in incidents if one.closed is None],
            "Recovered": [one for one in incidents if one.closed and one.closed > since],
        }
        if not any(parts.values()):
            return None
        new = sum(one.opened > since for one in incidents)
        head = ", ".join(f"{len(ones)} {name.lower()}" for name, ones in parts.items())
        lines = [f"From {_time(since)} to {_time(now)}: {new} new."]
        for name, ones in parts.items():
            if ones:
                lines += ["", f"{name}:"]
                lines += [
                    f"- {_whose(one.problem)}{one.problem.what} (since {_time(one.opened)})"
                    for one in ones[:_LISTED]
                ]
                lines += [f"- and {len(ones) - _LISTED} more"] if len(ones) > _LISTED else []
        lines += ["", "`sales-assets alerts list` shows all that is open."]
        return Text(f"DIGEST {head}", "\n".join(lines))

    def test(self, route: str) -> Text:
        """Something to try a route with."""
        return Text(
            "TEST of sales-assets",
            f"This is a test of the route {route}. Nothing is wrong."
            + (f"\nLook: {self.ui}" if self.ui else ""),
        )

    def _link(self, path: str) -> str:
        return f"{self.ui.rstrip('/')}/{path}" if self.ui and path else ""


def _whose(problem: Problem) -> str:
    whose = problem.source or problem.team
    return f"{whose}: " if whose and not problem.what.startswith(f"{whose}/") else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CAUSE else f"{text[:_LONGEST_CAUSE]} ..."


def _listed(lines: dict[str, str]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in lines.items() if text)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
