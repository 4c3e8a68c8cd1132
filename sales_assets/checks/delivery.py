"""Whether the drops that a contract promises have come: every day's, and the last one in time.

Belongs here: which days are due, and the two checks of the raw asset that a user may want to run
alone, without materialising anything. Does not: what a drop holds (`drift`, `superseded`), or
whether assets were materialised in time (`assets.freshness`). They warn and block nothing: the
days that came are right.

Without `from __future__ import annotations`: Dagster reads the check's annotations as objects.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.checks.results import number_of, result
from sales_assets.contracts.model import SourceContract
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import DAY, Window, contiguous, run_window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.manifests import Held, Known, held, refusals
from sales_assets.resources.staging_area import StagingArea

DAYS_PRESENT = "days_present"
FRESH = "fresh"


def due_days(contract: SourceContract, window: Window, now: datetime) -> list[date]:
    """The days of a window whose drops have to be there at a moment (UTC), by the contract."""
    return [
        day
        for day in window.days()
        if contract.history.holds(day)
        and contract.calendar.expects(day)
        and contract.delivery.due(day) <= now
    ]


def due_since(contract: SourceContract, first_day: date, now: datetime) -> list[date]:
    """All days whose drops have to be there at a moment (UTC), but none before a day."""
    return due_days(contract, _since(max(contract.history.start, first_day), now), now)


def delivery_keys(contract: SourceContract) -> list[dg.AssetCheckKey]:
    """The checks of a source's deliveries; `fresh` where the contract promises a time."""
    names = [DAYS_PRESENT, *([FRESH] if contract.delivery.at else [])]
    return [dg.AssetCheckKey(asset_key(contract, "raw"), name) for name in names]


def build_delivery_checks(
    contract: SourceContract,
    first_day: date,
    op_tags: Mapping[str, str] | None = None,
    retries: Retries = RETRIES,
) -> dg.AssetChecksDefinition:
    """The checks of a source's deliveries, in one step; days before `first_day` are not asked for.

    `op_tags` say who does the step.
    """
    key = asset_key(contract, "raw")
    by_when = f"by {_promised(contract)}" if contract.delivery.at else "by the end of the day"
    after = f"{number_of(contract.delivery.every_days, 'day')} later {by_when}"
    described = {
        DAYS_PRESENT: (
            f"Every day since {contract.history.start} that the contract's calendar expects has a "
            f"drop, at the latest {after}."
        ),
        FRESH: f"The drop that was due last is there: that of a day comes {after}.",
    }
    specs = [
        dg.AssetCheckSpec(check.name, asset=key, description=described[check.name])
        for check in delivery_keys(contract)
    ]

    @dg.multi_asset_check(
        name=f"{contract.team}__{contract.source}__delivery",
        specs=specs,
        can_subset=True,
        op_tags=op_tags,
    )
    @retries
    def delivery(
        context: dg.AssetCheckExecutionContext,
        landing_zone: LandingZone,
        catalogue: Catalogue,
        staging_area: StagingArea,
    ) -> Iterator[dg.AssetCheckResult]:
        if run_window(context) is None:  # else the raw asset has just looked
            catalogue.look(contract, landing_zone, staging_area.inspect)
        known, now = catalogue.known(contract), datetime.now(UTC)
        selected = {check.name for check in context.selected_asset_check_keys}
        if DAYS_PRESENT in selected:
            yield days_present(key, contract, known, now, first_day)
        if FRESH in selected:
            yield fresh(key, contract, known, now)

    return delivery


def days_present(
    key: dg.AssetKey,
    contract: SourceContract,
    known: Mapping[str, Known],
    now: datetime,
    first_day: date = date.min,
) -> dg.AssetCheckResult:
    """Every day that is due at a moment, since the history's start, against the drops there are."""
    due = due_since(contract, first_day, now)
    by_day = held(contract, known)
    missing = [day for day in due if day not in by_day]
    refused = refusals(contract, known, missing)
    spans = contiguous(missing)
    found = f"{len(due) - len(missing):,} of {number_of(len(due), 'day')} that are due have a drop"
    if spans:
        found += f"; missing are {', '.join(map(str, spans[:3]))}"
        found += f" and {len(spans) - 3:,} more spans" if len(spans) > 3 else ""
    return result(
        DAYS_PRESENT,
        key,
        expected=f"a drop for every day that the calendar expects since {contract.history.start}",
        found=found,
        wrong={str(span): _why_missing(span, refused) for span in spans},
        to_do=f"Ask {_whom(contract)} for these days and land the files, by `sales-assets land "
        f"FILE --source {contract.source}`; days on which nothing is due belong into the "
        f"calendar of {contract.file.name}",
        warn=True,
        more={"wrong_days": len(missing), "days_due": len(due)},
    )


def _why_missing(span: Window, refused: Mapping[date, str]) -> str:
    told = f"no drop for {number_of(len(span), 'day')}"
    reasons = dict.fromkeys(refused[day] for day in span.days() if day in refused)
    return f"{told}; a drop that may hold it is refused: {'; '.join(reasons)}" if reasons else told


def fresh(
    key: dg.AssetKey, contract: SourceContract, known: Mapping[str, Known], now: datetime
) -> dg.AssetCheckResult:
    """The drop that was due last at a moment: when it was due, when it came, and how late."""
    due_all = due_since(contract, date.min, now)
    wrong: dict[str, str] = {}
    more: dict[str, Any] = {}
    if not due_all:
        found = f"no drop is due before {_moment(contract.delivery.due(contract.history.start))}"
    elif contract.history.end is not None and now >= contract.delivery.due(
        contract.history.end - DAY
    ):
        found = (
            f"the source's history ended with {contract.history.end - DAY}; none is due any more"
        )
    else:
        last, by_day = due_all[-1], held(contract, known)
        due = contract.delivery.due(last)
        if last in by_day:
            came = _first_seen(by_day[last])
            found = f"the drop of {last}, due {_moment(due)}, was there {_moment(came)}, "
            found += f"{_span(came - due)} late" if came > due else "in time"
            late = max(came - due, timedelta(0))
        else:
            late = now - due
            wrong[last.isoformat()] = f"no drop, due {_moment(due)}, {_span(late)} ago"
            found = f"no drop of {last}, which was due {_moment(due)}, {_span(late)} ago"
            before = max((day for day in by_day if day < last), default=None)
            found += f"; the last day with a drop is {before}" if before else ""
        more = {"hours_late": round(late / timedelta(hours=1), 2)}
    return result(
        FRESH,
        key,
        expected=f"the drop of a day {number_of(contract.delivery.every_days, 'day')} later by "
        f"{_promised(contract)}",
        found=found,
        wrong=wrong,
        to_do=f"Ask {_whom(contract)} for the drop and land it, by `sales-assets land FILE "
        f"--source {contract.source}`",
        warn=True,
        more=more,
    )


def _since(start: date, now: datetime) -> Window:
    """The days from a day to the one of a moment, or that day alone if it is to come yet."""
    return Window(start, max(now.date(), start) + DAY)


def _first_seen(drops: list[Held]) -> datetime:
    """When the first of a day's drops was seen in the landing zone."""
    return datetime.fromtimestamp(min(drop.first_seen_ns for drop in drops) / 1e9, UTC)


def _promised(contract: SourceContract) -> str:
    """The time of day that the contract promises, in its own offset from UTC."""
    at = contract.delivery.at
    assert at is not None
    offset = at.strftime("%z")
    return f"{at:%H:%M} UTC" + ("" if offset == "+0000" else offset)


def _whom(contract: SourceContract) -> str:
    return contract.owners[0] if contract.owners else f"team {contract.team}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _span(span: timedelta) -> str:
    """A span of time in its two largest units: `3 days 4 hours`, `5 minutes`."""
    minutes = int(span / timedelta(minutes=1))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    told = [number_of(count, noun) for count, noun in parts if count]
    return " ".join(told[:2]) or "less than a minute"
