"""Whose each asset is, and what is made of it.

Belongs here: both, from the specs of all assets, whichever code locations make them. Does not:
what is wrong with an asset (`events`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import dagster as dg

from sales_assets.contracts.model import SourceContract

TOLD = ("marts", "reports")
"""The first parts of keys that people know; what lies between is left out if one is reached."""
_TEAM = "team:"


@dataclass(frozen=True)
class Whose:
    """The team of an asset, and the source it belongs to, if any."""

    team: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class KnownAssets:
    """The assets by their keys as people write them."""

    whose: Mapping[str, Whose] = field(default_factory=dict)
    made_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """An asset -> those that are made of it."""

    @classmethod
    def of(cls, specs: Iterable[dg.AssetSpec], contracts: Iterable[SourceContract]) -> Self:
        """From the specs of all assets, and the contracts of the sources among them."""
        teams = {contract.name: contract.team for contract in contracts}
        whose: dict[str, Whose] = {}
        made_of: defaultdict[str, set[str]] = defaultdict(set)
        for spec in specs:
            key, source = spec.key.to_user_string(), "/".join(spec.key.path[:2])
            owners = [one.removeprefix(_TEAM) for one in spec.owners if one.startswith(_TEAM)]
            whose[key] = (
                Whose(teams[source], source)
                if source in teams
                else Whose(owners[0] if owners else None)
            )
            for dep in spec.deps:
                made_of[dep.asset_key.to_user_string()].add(key)
        return cls(whose, {key: frozenset(keys) for key, keys in made_of.items()})

    def owner(self, keys: Collection[str]) -> Whose:
        """Whose the assets are: the first of them that is known."""
        return next((self.whose[key] for key in sorted(keys) if key in self.whose), Whose())

    def affected(self, keys: Collection[str]) -> tuple[str, ...]:
        """The marts and reports that are made of assets, at any distance; else all that is."""
        found: set[str] = set()
        waiting = list(keys)
        while waiting:
            new = self.made_of.get(waiting.pop(), frozenset()) - found
            found |= new
            waiting += new
        found -= set(keys)
        told = {key for key in found if key.split("/")[0] in TOLD}
        return tuple(sorted(told or found))
