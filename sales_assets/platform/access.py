"""What a person may do and see, by teams.yaml.

Belongs here: from a person and the teams to a role for each code location. Does not: which of
Dagster's operations a role covers (`permissions`), or hiding what is not to be seen (`scoping`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sales_assets.platform.people import Person
from sales_assets.platform.roles import Role
from sales_assets.platform.teams import GROUP, Teams


@dataclass(frozen=True)
class Access:
    """A person's rights, as the teams are now."""

    teams: Teams
    person: Person

    @cached_property
    def _names(self) -> frozenset[str]:
        """All names under which teams.yaml may speak of the person."""
        name = self.person.name.lower()
        if name.startswith(GROUP):  # nobody becomes a group by being called so
            return frozenset()
        told = {f"{GROUP}{group.lower()}" for group in self.person.groups}
        own = {f"{GROUP}{group}" for group, people in self.teams.groups.items() if name in people}
        return frozenset({name, *told, *own})

    @cached_property
    def is_admin(self) -> bool:
        """Whether the whole installation is the person's to run."""
        return not self._names.isdisjoint(self.teams.admins)

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The person's role for each code location of a team; without those they do not see."""
        found = {str(team.location): self._role(name) for name, team in self.teams.teams.items()}
        return {location: role for location, role in found.items() if role is not None}

    def _role(self, name: str) -> Role | None:
        if self.is_admin:
            return Role.ADMIN
        team = self.teams.teams[name]
        own = [role for role, people in team.members.items() if not self._names.isdisjoint(people)]
        if own:
            return max(own)
        return Role.VIEWER if self.teams.signed_in == "viewer" and not team.private else None

    def role(self, location: str) -> Role | None:
        """The role for a code location; None if it is not to be seen.

        One that belongs to no team is the administrators' alone.
        """
        if self.is_admin:
            return Role.ADMIN
        return self.roles.get(location)

    def may(self, role: Role, location: str) -> bool:
        """Whether the person has this role, or a higher one, for a code location."""
        own = self.role(location)
        return own is not None and own >= role

    def sees(self, location: str) -> bool:
        """Whether the person may know of a code location."""
        return self.role(location) is not None

    def hidden(self, locations: Iterable[str]) -> frozenset[str]:
        """Those of some code locations that the person may not know of."""
        return frozenset(location for location in locations if not self.sees(location))

    @property
    def may_monitor(self) -> bool:
        """Whether the person may read the numbers of the whole installation."""
        return self.is_admin or not self._names.isdisjoint(self.teams.monitors)

    @property
    def is_known(self) -> bool:
        """Whether the person may come in at all."""
        return self.may_monitor or bool(self.roles)
