"""Which credits of a Snowflake warehouse were whose, as the account itself says it.

Belongs here: asking ACCOUNT_USAGE, and reading the tags of statements. Does not: writing tags
(`resources.query_tag`, the macro `set_query_tag`), or keeping what was found (`ledger`).

Snowflake attributes to each query what it cost, hours later, and never the time that a warehouse
ran without one. What the warehouse was metered for in an hour and no query of anybody's explains is
idle. A query counts for the hour that it began in and metering for the hour it ran in, so that one
hour's idle credits may be below 0 where a query ran on into the next; over a day they even out.
Queries of others on the same warehouse are theirs: neither idle nor here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dagster as dg

from sales_assets.costs.amounts import NANOCREDITS
from sales_assets.costs.ledger import Credit
from sales_assets.costs.whose import whose
from sales_assets.platform.teams import Teams
from sales_assets.resources.warehouse import Warehouse

APP = "sales_assets"
_OURS = "upper(warehouse_name) = upper(?) AND start_time >= ? AND start_time < ?"
ATTRIBUTED = (
    "SELECT date_trunc('hour', start_time), query_tag, "
    "sum(credits_attributed_compute + coalesce(credits_used_query_acceleration, 0)) "
    f"FROM snowflake.account_usage.query_attribution_history WHERE {_OURS} GROUP BY 1, 2"
)
METERED = (
    "SELECT date_trunc('hour', start_time), sum(credits_used) "
    f"FROM snowflake.account_usage.warehouse_metering_history WHERE {_OURS} GROUP BY 1"
)
_RIGHT = (
    "an administrator gives it by GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE ..., which is "
    "in what `sales-assets setup snowflake` prints"
)
NO_RIGHT = f"Credits cannot be read; the role may lack the right: {_RIGHT}"


def read_credits(
    warehouse: Warehouse,
    since: datetime,
    until: Mapping[str, datetime],
    teams: Teams | None,
) -> list[Credit]:
    """What the account says of the hours from one until before another, by virtual warehouse.

    Raises PermanentError where the role may not ask.
    """
    sums: dict[Credit, int] = defaultdict(int)
    for name, end in until.items():
        span = (name, since.isoformat(), end.isoformat())
        attributed, metered = (warehouse.rows(sql, span) for sql in (ATTRIBUTED, METERED))
        for one in credits_of(attributed, metered, teams):
            sums[replace(one, credits=0)] += one.credits
    return [replace(one, credits=count) for one, count in sums.items()]


def credits_of(
    attributed: Iterable[Sequence[Any]], metered: Iterable[Sequence[Any]], teams: Teams | None
) -> list[Credit]:
    """Credits by hour and tag, and what is idle of each hour that has been metered."""
    own: dict[Credit, int] = defaultdict(int)
    explained: dict[datetime, int] = defaultdict(int)
    for hour, tag, used in attributed:
        at, count = _utc(hour), _nanocredits(used)
        explained[at] += count
        if (credit := _of_tag(at, tag, teams)) is not None:
            own[credit] += count
    found = [replace(credit, credits=count) for credit, count in own.items()]
    for hour, used in metered:
        at = _utc(hour)
        found.append(Credit(at, _nanocredits(used) - explained[at], idle=True))
    return found


def _of_tag(hour: datetime, tag: str | None, teams: Teams | None) -> Credit | None:
    """Whose a statement is by its tag; None for one that is not of this installation."""
    try:
        told = json.loads(tag or "")
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("app") != APP:
        return None
    asset = str(told.get("asset", ""))
    team, source = whose(dg.AssetKey(asset.split("/")), teams) if asset else ("", "")
    run, step = str(told.get("run", "")), str(told.get("step", ""))
    return Credit(hour, 0, run, step, asset, team, source)


def _utc(moment: datetime) -> datetime:
    """The session's time zone is UTC; a driver may leave it out."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _nanocredits(used: Any) -> int:
    return round(Decimal(str(used or 0)) * NANOCREDITS)
