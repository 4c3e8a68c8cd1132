"""The sensor on the landing zone: drops that came, changed or went become runs of their days.

Belongs here: from changes to run requests. Does not: noticing changes (`resources.catalogue`).

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import UsageError
from sales_assets.partitions import Window, apart
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_changes import Change
from sales_assets.resources.globs import fixed_prefix
from sales_assets.resources.landing_events import LandingEvents
from sales_assets.resources.landing_zone import LandingZone, is_drop
from sales_assets.resources.manifests import (
    Known,
    Manifest,
    fingerprint,
    manifests,
    refusals,
)
from sales_assets.resources.staging_area import StagingArea

LAYERS = ("raw", "staged", "revenue", "rejected")
"""What a drop sets off directly; the marts follow by their own condition."""


def build_landing_sensor(
    contracts: Sequence[SourceContract],
    partitions: dg.DailyPartitionsDefinition,
    settle_seconds: float,
    along: Sequence[dg.AssetKey],
    elsewhere: Sequence[SourceContract] = (),
) -> dg.SensorDefinition:
    """One sensor for the drops of all sources here; their days ask for the assets `along` too.

    The sources `elsewhere` are those of other code locations. A queue whose events are about them
    is emptied by several, of which each would throw the others' events away: nothing is taken
    from it, and the tick fails.

    Where nobody tells of them, all are listed at every tick. Where a queue does, those that it
    names are looked at; what it told is forgotten when the catalogue has it.

    A file counts when it has not changed for `settle_seconds`. The cursor is the catalogue and
    the number of the last change seen in it; a tick that fails leaves it, and the same changes are
    looked at again. With another catalogue all of its changes are.
    """
    keys = [asset_key(contract, layer) for contract in contracts for layer in LAYERS]
    keys += along

    @dg.sensor(
        name="landing_zone",
        asset_selection=dg.AssetSelection.assets(*keys),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Materialises the days of drops that came, changed or went.",
    )
    def landing_zone_sensor(
        context: dg.SensorEvaluationContext,
        landing_zone: LandingZone,
        landing_events: LandingEvents,
        catalogue: Catalogue,
        staging_area: StagingArea,
    ) -> dg.SensorResult | dg.SkipReason:
        with landing_events.received() as events:
            refuse_shared_queue(events.files if events else (), contracts, elsewhere)
            for contract in contracts:
                begun = time.time_ns()
                is_listed = events is None or catalogue.listing_is_due(
                    contract, landing_zone, landing_events.listing_hours
                )
                catalogue.look(
                    contract,
                    landing_zone,
                    staging_area.inspect,
                    settle_seconds,
                    None if is_listed or events is None else events.files,
                )
                if is_listed and events is not None:
                    catalogue.note_listing(contract, landing_zone, begun)
        for problem in events.problems if events else ():
            context.log.warning(problem)
        identity, _, number = (context.cursor or "").partition(":")
        changes = catalogue.changes_after(int(number) if identity == catalogue.identity else 0)
        if not changes:
            return dg.SkipReason("no drop came, changed or went")
        requests: list[dg.RunRequest] = []
        for contract in contracts:
            own = [change for change in changes if change.source == contract.name]
            if not own:
                continue
            known = catalogue.known(contract)
            for problem in refused_drops(own, known):
                context.log.error(problem)
            now = manifests(contract, known)
            days = changed_days(contract, catalogue, known, now, own)
            first, last = partitions.start.date(), datetime.now(UTC).date()
            if any(day < first for day in days):
                context.log.warning(
                    f"{contract.name}: days before the first partition {first} are left out; "
                    "set SALES_ASSETS_FIRST_DAY to an earlier day"
                )
            if any(day > last for day in days):
                context.log.warning(
                    f"{contract.name}: drops for days after today, {last}, wait for their day; "
                    "the daily schedule takes them"
                )
            asked = [day for day in days if first <= day <= last]
            asked = bridged(asked, contract, catalogue, now)
            refused = refusals(contract, known, asked)
            requests += run_requests(contract, asked, own, refused, along)
        return dg.SensorResult(
            run_requests=requests, cursor=f"{catalogue.identity}:{changes[-1].number}"
        )

    return landing_zone_sensor


def refuse_shared_queue(
    files: Iterable[str],
    contracts: Sequence[SourceContract],
    elsewhere: Sequence[SourceContract],
) -> None:
    """Raise UsageError if a queue tells of drops that only another code location looks at."""
    for file in sorted(files):
        others = [contract for contract in elsewhere if _takes(contract, file)]
        if others and not any(_takes(contract, file) for contract in contracts):
            raise UsageError(
                f"SALES_ASSETS_LANDING_QUEUE_URL: the queue tells of {file}, a drop of "
                f"{others[0].name}, which another code location looks at; nothing was taken from "
                "the queue. Give each team a queue of its own, whose events S3 filters by the "
                f"prefix of the team's drops, such as {fixed_prefix(contracts[0].path)}"
            )


def _takes(contract: SourceContract, file: str) -> bool:
    """Whether a file is a drop of a source, or one that its drops refer to."""
    paths = [contract.path, *(reference.path for reference in contract.references)]
    return any(is_drop(file, path) for path in paths)


def refused_drops(changes: Iterable[Change], known: dict[str, Known]) -> list[str]:
    """Why drops among the changes cannot be used."""
    files = dict.fromkeys(change.file for change in changes)
    return [known[file].refused for file in files if file in known and known[file].refused]


def changed_days(
    contract: SourceContract,
    catalogue: Catalogue,
    known: Mapping[str, Known],
    now: Mapping[date, Manifest],
    changes: list[Change],
) -> list[date]:
    """The days that the changes touch and that are not staged as their drops are `now`.

    A refused drop whose name says its day counts, so that the day's run fails and says why.
    """
    touched = {day for change in changes for day in change.days}
    if not touched:
        return []
    around = Window.around(touched)
    recorded, staged = catalogue.manifests(contract, around), catalogue.staged(contract, around)

    def is_done(day: date) -> bool:
        files = now.get(day, ())
        if recorded.get(day) != files or _is_refused(contract, known, day):
            return False
        there = staged.get(day)
        return not files or (
            there is not None and there.fingerprint == fingerprint(contract, files)
        )

    return sorted(day for day in touched if not is_done(day))


def _is_refused(contract: SourceContract, known: Mapping[str, Known], day: date) -> bool:
    return any(
        item.refused and day in (item.days_at_most(contract) or ()) for item in known.values()
    )


def bridged(
    days: list[date],
    contract: SourceContract,
    catalogue: Catalogue,
    now: Mapping[date, Manifest],
) -> list[date]:
    """The days and those between them for which the calendar expects no drop, and none is known.

    Else a source that delivers on weekdays only would be a run a week.
    """
    if not days:
        return days
    around = Window.around(days)
    taken = {day for day, files in catalogue.manifests(contract, around).items() if files}
    asked = set(days)
    return [
        day
        for day in around.days()
        if day in asked or not (contract.calendar.expects(day) or day in now or day in taken)
    ]


def run_requests(
    contract: SourceContract,
    days: Iterable[date],
    changes: Sequence[Change],
    refused: Collection[date],
    along: Sequence[dg.AssetKey],
) -> list[dg.RunRequest]:
    """One run for each span of days, whatever its length; days of refused drops by themselves.

    The run of such days fails and says why, and does not keep the others waiting.
    The key holds the number of the last change, not only the content: dropping an earlier
    version again is a change too.
    """
    return [
        dg.RunRequest(
            run_key=f"{contract.name}:{window}:{changes[-1].number}",
            asset_selection=[*(asset_key(contract, layer) for layer in LAYERS), *along],
            tags={
                "dagster/asset_partition_range_start": window.first_key,
                "dagster/asset_partition_range_end": window.last_key,
                "team": contract.team,
            },
        )
        for window in apart(days, refused)
    ]
