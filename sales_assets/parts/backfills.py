"""Backfills of assets in several code locations.

Belongs here: what keeps the runs of a backfill apart by code location. Does not: how a range of
days is run (`assets.keys.BACKFILL`).

Dagster puts all roots of a backfill that have the same days and the same policy into one run, also
if they are in different code locations, and then fails since no run can be in two. So each
location has a policy of its own: as many runs as ranges of days, like a single run, but with a
limit of days that no other location has and no backfill reaches.
"""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import dagster as dg

from sales_assets.assets.keys import BACKFILL
from sales_assets.parts.basis import Content

_BEYOND_ANY_HISTORY = 1_000_000
"""Days; more than two thousand years."""
_SPREAD = 1_000_000_000
"""The limit has to fit into the 31 bits of GraphQL's numbers."""


def own_policy(location: str) -> dg.BackfillPolicy:
    """The policy of a code location: the same in each of its releases, whoever else there is."""
    limit = _BEYOND_ANY_HISTORY + crc32(location.encode()) % _SPREAD
    return dg.BackfillPolicy.multi_run(limit)


def backfilled_apart(content: Content, location: str) -> Content:
    """The content of a code location, whose backfills share no run with those of another."""
    policy = own_policy(location)
    return replace(
        content,
        assets=tuple(
            asset.with_attributes(backfill_policy=policy)
            if asset.backfill_policy == BACKFILL
            else asset
            for asset in content.assets
        ),
    )
