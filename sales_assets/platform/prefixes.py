"""The law that keeps teams' assets apart: an asset key begins with a prefix of its team.

Belongs here: which keys break it. Does not: when that is asked (on a deployment, and each time
the webserver loads a code location).
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from sales_assets.platform.teams import Teams


def foreign_keys(keys: Iterable[dg.AssetKey], location: str, teams: Teams) -> list[dg.AssetKey]:
    """Those keys that a code location may not produce, since they are not its team's.

    `keys` are those that the location produces, not those that it only reads. A location of no
    team may produce none.
    """
    name = teams.team_of_location(location)
    return sorted(key for key in keys if name is None or teams.team_of_key(key.path[0]) != name)
