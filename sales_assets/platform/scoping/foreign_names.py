"""The rule for a code location that depends on a private team's assets.

Its lineage, its op names and the tags of its materialisations would show the private team's asset
keys to whoever sees the code location. So it may name none, unless the private team says in
teams.yaml `shows_keys_to: [TEAM]`: then the names are shown, and nothing else.

Belongs here: which keys break the rule. Does not: what follows (`sight` hides such a code location
from whoever the keys are hidden from; a deployment, and the webserver on loading, may refuse it).
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from sales_assets.platform.teams import Team, Teams


def keys_not_shown(
    keys: Iterable[dg.AssetKey], location: str, teams: Teams
) -> dict[dg.AssetKey, str]:
    """Those keys of private teams that a code location may not name, and whose each is.

    `keys` are all that its definitions name: made, read, checked or watched.
    """
    own = teams.team_of_location(location)
    found = {}
    for key in keys:
        owner = teams.team_of_key(key.path[0])
        if owner is not None and owner != own and not _shown(teams.teams[owner], own):
            found[key] = owner
    return found


def _shown(owner: Team, to: str | None) -> bool:
    return not owner.private or to in owner.shows_keys_to
