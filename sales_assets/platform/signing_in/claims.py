"""From the claims of a signed token to a person.

Belongs here: which claims say the name and the groups. Does not: checking the signature (`jwts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.names import group_names, person_name
from sales_assets.settings import PREFIX, Settings

_EMAIL = "email"


@dataclass(frozen=True)
class Claims:
    """The names of the claims."""

    name: str
    groups: str
    needs_verified_email: bool

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings."""
        return cls(
            settings.claim_of_name,
            settings.claim_of_groups,
            settings.claim_needs_verified_email,
        )

    def person(self, claims: Mapping[str, Any], way: str) -> Person:
        """The person that the claims are about; ValueError if they do not say so."""
        name = claims.get(self.name)
        if not isinstance(name, str):
            raise ValueError(f"the claim {self.name} is no text")
        if self.name == _EMAIL:
            self._ask_if_verified(claims)
        groups = claims.get(self.groups, [])
        if isinstance(groups, str):
            groups = [groups]
        if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
            raise ValueError(f"the claim {self.groups} is no list of texts")
        return Person(person_name(name), group_names(groups), way)

    def _ask_if_verified(self, claims: Mapping[str, Any]) -> None:
        if "email_verified" not in claims:
            if self.needs_verified_email:
                raise ValueError(
                    "the claim email_verified is missing "
                    f"({PREFIX}CLAIM_NEEDS_VERIFIED_EMAIL=false takes that)"
                )
            return
        verified = claims["email_verified"]
        if verified is not True and verified != "true":
            raise ValueError("the e-mail address is not verified")
