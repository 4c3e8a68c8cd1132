"""teams.yaml: which teams share the installation, who is in them, and what each may use.

Belongs here: the file's words, their types and the rules between them. Does not: reading it
(`teams_file`), or what follows for a person (`access`).
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from sales_assets.alerts.hours import daily_text, quiet_text
from sales_assets.platform.roles import Role

GROUP = "group:"
"""Begins the name of a group where it stands among people."""
MACHINE = "machine:"
"""Begins the name of a machine that signs in with a token."""
NOT_TEAMS = {
    "none": "the queue marks runs of no team by it",
    **dict.fromkeys(
        ("run", "rollback", "status", "start", "stop"),
        "`sales-assets deploy` has a command of this name",
    ),
}
"""Names that no team may have, and why."""
_NAME = r"^[a-z][a-z0-9_]{0,62}$"
_MEMBER = rf"({GROUP}|{MACHINE})?[^\s:]+"


def _member(text: str) -> str:
    if not re.fullmatch(_MEMBER, text):
        raise ValueError(f"{text!r} is neither an e-mail address nor {GROUP}NAME nor {MACHINE}NAME")
    return text.lower()


def _share(value: object) -> object:
    """YAML's numbers as text: Decimal would take a float's binary digits."""
    return str(value) if isinstance(value, int | float) else value


Name = Annotated[str, StringConstraints(pattern=_NAME)]
Member = Annotated[str, AfterValidator(_member)]
Price = Annotated[Decimal, BeforeValidator(_share), Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Builds(StrEnum):
    """What a team's code location holds."""

    SOURCES = "sources"
    """The sources whose contracts name the team."""
    SHARED = "shared"
    """What stands above all teams: exchange rates, models, reports."""


class Quota(_Part):
    """How much of the installation a team may use at a time."""

    runs: int = Field(default=2, ge=1, description="Runs under way at a time.")
    weight: int = Field(default=1, ge=1, le=100, description="Share of the queue beside others'.")


class Rates(_Part):
    """What the team is charged, in the file's currency."""

    cpu_hour: Price = Decimal(0)
    gigabyte_hour: Price = Field(default=Decimal(0), description="Memory, per hour at its peak.")
    gigabyte_read: Price = Decimal(0)
    gigabyte_written: Price = Decimal(0)
    credit: Price = Field(default=Decimal(0), description="One credit of a Snowflake warehouse.")


class AlertRoute(_Part):
    """Where alerts of a kind go; beside the `support` channels of the contracts."""

    name: Name
    url: str | None = Field(default=None, description="An address as apprise writes it.")
    url_from: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Name of the secret that holds the address, where it is one.",
    )
    severity: Literal["warning", "error"] = Field(
        default="warning", description="The least that it is told."
    )
    quiet: Annotated[str | None, AfterValidator(quiet_text)] = Field(
        default=None,
        description="When warnings wait, like 22:00-07:00 Europe/Berlin; default: the setting.",
    )
    digest: Annotated[str | None, AfterValidator(daily_text)] = Field(
        default=None,
        description="When it is told daily what is open, what opened and what recovered, like "
        "07:30 Europe/Berlin.",
    )

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_from is None):
            raise ValueError("needs one of url and url_from")
        if self.url is not None and "://" not in self.url:
            raise ValueError("url is no address of apprise; write it like mailtos://...")
        return self


class Team(_Part):
    """A team: its people, its code location, what it may use."""

    description: str = ""
    location: Name | None = Field(default=None, description="Its code location; default: its name.")
    builds: Builds = Builds.SOURCES
    prefixes: tuple[Name, ...] = Field(
        default=(), description="First parts of its asset keys; default: the team's name."
    )
    private: bool = Field(default=False, description="Seen by its members only.")
    shows_keys_to: tuple[Name, ...] = Field(
        default=(),
        description="Teams that may name a private team's asset keys in their own definitions, "
        "where everybody sees the names who sees those teams.",
    )
    members: dict[Role, tuple[Member, ...]] = Field(default_factory=dict)
    quota: Quota = Quota()
    rates: Rates | None = Field(default=None, description="Instead of the file's.")
    budget: Price | None = Field(
        default=None, gt=0, description="What the team may cost in a month, in the file's currency."
    )
    alerts: tuple[AlertRoute, ...] = ()

    @field_validator("members", mode="before")
    @classmethod
    def _roles_by_name(cls, members: object) -> object:
        if not isinstance(members, dict):
            return members
        return {Role.named(str(name)): people for name, people in members.items()}


class Teams(_Part):
    """The whole file."""

    version: Literal[1]
    signed_in: Literal["viewer", "none"] = Field(
        default="viewer", description="What everybody who has signed in is for every open team."
    )
    admins: tuple[Member, ...] = Field(min_length=1, description="Of the whole installation.")
    monitors: tuple[Member, ...] = Field(
        default=(),
        description="Who may read /metrics beside the admins: numbers of all teams, of private "
        "ones too.",
    )
    groups: dict[Name, tuple[Member, ...]] = Field(
        default_factory=dict, description="Groups beside those that the sign-in tells of."
    )
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$", description="Of all rates.")
    rates: Rates = Rates()
    teams: dict[Name, Team] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _defaults_by_name(cls, data: object) -> object:
        """A team's location and prefix are called as the team is, if it does not say more."""
        if not isinstance(data, dict) or not isinstance(data.get("teams"), dict):
            return data
        filled = {
            name: {"location": name, "prefixes": [name], **(team or {})}
            if isinstance(team, dict | None)
            else team
            for name, team in data["teams"].items()
        }
        return {**data, "teams": filled}

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """No two teams share a location or the beginning of an asset key."""
        for what, names in (
            ("location", [team.location for team in self.teams.values()]),
            ("prefix", [one for team in self.teams.values() for one in set(team.prefixes)]),
        ):
            twice = sorted(str(name) for name, count in Counter(names).items() if count > 1)
            if twice:
                raise ValueError(f"the {what} {twice[0]} belongs to two teams; give it to one")
        for name, team in self.teams.items():
            if name in NOT_TEAMS:
                raise ValueError(
                    f"teams.{name}: no team may be called {name}, as {NOT_TEAMS[name]}; give it "
                    "another name"
                )
            unknown = sorted(set(team.shows_keys_to) - set(self.teams))
            if unknown:
                raise ValueError(f"teams.{name}.shows_keys_to: there is no team {unknown[0]}")
        for name, people in self.groups.items():
            if any(member.startswith(GROUP) for member in people):
                raise ValueError(f"groups.{name}: a group holds people, not groups")
        return self

    def team_of_location(self, location: str) -> str | None:
        """The name of the team that a code location belongs to; None for one of no team."""
        return next((name for name, team in self.teams.items() if team.location == location), None)

    def team_of_key(self, first_part: str) -> str | None:
        """The name of the team whose asset keys begin with this; None if nobody's do."""
        return next(
            (name for name, team in self.teams.items() if first_part in team.prefixes), None
        )

    def locations(self) -> dict[str, str]:
        """The team's name of each code location."""
        return {str(team.location): name for name, team in self.teams.items()}
