"""Who is told of a problem.

Belongs here: routes, and choosing among them. Does not: making them of settings, teams and
contracts (`build`), or sending (`sending`).

A channel's address may hold a secret: it is asked for when something is sent, and what is kept and
told of a route is its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sales_assets.alerts.hours import Daily, Quiet
from sales_assets.alerts.problems import Problem, Severity
from sales_assets.errors import UsageError

LOG = "log"
"""The route into this process's log."""


@dataclass(frozen=True)
class Route:
    """One channel, and what it is told.

    `team` and `source` are whose problems it hears of; a route without both hears of what no
    other one does. `severity` is the least that it takes.
    """

    name: str
    address: Callable[[], str] = field(repr=False, compare=False)
    """Raises PermanentError if there is none; its message holds no secret."""
    team: str | None = None
    source: str | None = None
    severity: Severity = Severity.WARNING
    quiet: Quiet | None = None
    digest: Daily | None = None

    @property
    def is_default(self) -> bool:
        """Whether it is for what is nobody else's."""
        return self.team is None and self.source is None

    def hears_of(self, problem: Problem) -> bool:
        """Whether a problem is of its team or source."""
        if self.source is not None:
            return problem.source == self.source
        return self.team is not None and problem.team == self.team

    def takes(self, severity: Severity) -> bool:
        """Whether it wants problems of this severity."""
        return severity.is_error or not self.severity.is_error


def no_address() -> str:
    """The address of the log."""
    return ""


LOG_ROUTE = Route(LOG, no_address)


@dataclass(frozen=True)
class Routes:
    """All routes of an installation."""

    all: tuple[Route, ...] = (LOG_ROUTE,)
    is_whole: bool = True
    """Whether all files that say routes could be read: else one may be there that is not here."""

    def of(self, problem: Problem, severity: Severity) -> list[Route]:
        """Who is told: the routes of its team and source, or else the default ones.

        A team that wants errors alone has no default ones told of its warnings.
        """
        own = [route for route in self.all if route.hears_of(problem)]
        heard = own or [route for route in self.all if route.is_default]
        return [route for route in heard if route.takes(severity)]

    def named(self, name: str) -> Route:
        """The route of a name; raises UsageError with those there are."""
        for route in self.all:
            if route.name == name:
                return route
        raise UsageError(f"there is no route {name}; there are {', '.join(self.names)}")

    @property
    def names(self) -> list[str]:
        """The names of all routes."""
        return [route.name for route in self.all]
