"""What a page may show that everybody reads: nothing of a private team, and not its name.

Belongs here: leaving out private teams, and what others' texts say of them. Does not: whose
something is (`known`), or who may see what in the UI (`platform.access`).

Closed by default: where it is not known who is private nothing is shown, and a text that has a
private team's name in it as a word, be it by chance, is not shown either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sales_assets.operations.standing import Item, Operations, Standing
from sales_assets.platform.teams import Teams

UNKNOWN = "teams.yaml is wrong, so that nobody knows which teams are private: nothing is shown."
_NOT_HERE = "not shown on this page; `sales-assets status` says it"


def for_readers(
    operations: Operations, teams: Teams | None, *, is_shared: bool, team: str | None = None
) -> Operations:
    """What a page shows that anybody may read, or one for the members of a `team`.

    `is_shared`: there is a teams.yaml; without one, nobody is private.
    """
    chosen = operations.of(team)
    if not is_shared:
        return chosen
    if teams is None:
        return replace(chosen, teams=(), withheld=UNKNOWN)
    private = {name: one for name, one in teams.teams.items() if one.private and name != team}
    words = {word for name, one in private.items() for word in (name, one.location, *one.prefixes)}
    seen = [
        standing
        for standing in chosen.teams
        # A name that the file does not have (any more) may be that of a private team.
        if standing.team is None or (standing.team in teams.teams and standing.team not in private)
    ]
    hide = _Words(str(word) for word in words)
    return replace(chosen, teams=tuple(hide.standing(standing) for standing in seen))


class _Words:
    """Names that no text may have."""

    def __init__(self, words: Iterable[str]) -> None:
        named = "|".join(re.escape(word) for word in sorted(words))
        pattern = rf"(?<![a-z0-9])(?:{named})(?![a-z0-9])"
        self._pattern = re.compile(pattern, re.IGNORECASE) if named else None

    def _unless_in(self, text: str, otherwise: str) -> str:
        """The text, or another if one of the names is in it."""
        return otherwise if self._pattern and self._pattern.search(text) else text

    def standing(self, standing: Standing) -> Standing:
        """How a team stands, without the names."""
        costs = standing.costs
        assets = tuple(one for one in costs.assets if self._unless_in(one.asset, ""))
        return replace(
            standing,
            late=tuple(map(self._item, standing.late)),
            failing=tuple(map(self._item, standing.failing)),
            parked=tuple(map(self._item, standing.parked)),
            costs=replace(costs, assets=assets),
        )

    def _item(self, item: Item) -> Item:
        return replace(
            item,
            subject=self._unless_in(item.subject, ""),
            what=self._unless_in(item.what, "something that concerns others too"),
            cause=self._unless_in(item.cause, _NOT_HERE),
            command=self._unless_in(item.command, "sales-assets status"),
            path=self._unless_in(item.path, ""),
        )
