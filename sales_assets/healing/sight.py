"""Finding the days that are not as they should be, without touching the warehouse.

Belongs here: which days of a source, and of the models, are due, and for which cause. Does not:
what is done about them (`plan`), or days whose drops somebody else waits for (`checks.delivery`).

The catalogue says what a day is to be made of, Dagster's records what was made and in which order.
The warehouse is not asked: it is busy while a run writes, and the daemon must not wait for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

import dagster as dg
from dagster import DagsterEventType
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.contracts.model import SourceContract
from sales_assets.healing.days import MODELS, Due, Sight, Target
from sales_assets.partitions import DAY, Window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.manifests import Known, Manifest, fingerprint, manifests, refusals

Recorded = Mapping[str, int]
"""The latest materialisation of each day: a number that grows."""


def source_target(contract: SourceContract, along: Sequence[dg.AssetKey] = ()) -> Target:
    """The assets of a source."""
    keys = tuple(asset_key(contract, layer) for layer in LAYERS)
    return Target(contract.name, contract.team, keys, tuple(along))


def models_target(
    models: Sequence[dg.AssetSpec],
    contracts: Sequence[SourceContract],
    checks: Sequence[dg.AssetCheckSpec],
) -> Target:
    """All dbt models; `checks` are those of the assets that they are made from."""
    upstream = (*(asset_key(contract, "revenue") for contract in contracts), EXCHANGE_RATES)
    owners = dict.fromkeys(owner for model in models for owner in model.owners)
    teams = [owner.removeprefix("team:") for owner in owners if owner.startswith("team:")]
    return Target(
        MODELS,
        teams[0] if teams else MODELS,
        tuple(model.key for model in models),
        upstream=upstream,
        blocking=tuple(c.key for c in checks if c.blocking and c.asset_key in upstream),
        code=_digest(sorted(f"{model.key} {model.code_version}" for model in models)),
    )


def _digest(lines: Sequence[str]) -> str:
    import hashlib

    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def see_source(
    contract: SourceContract,
    catalogue: Catalogue,
    instance: dg.DagsterInstance,
    first_day: date,
    now: datetime,
    failed: Mapping[date, str],
) -> Sight:
    """The days of a source that are due; `failed` says which ones are, however they were made.

    A day is looked at if it has drops or had some, if something of it was made or failed, or if the
    contract expects a drop that is overdue, since the first day that was made: what nobody has ever
    begun is no healing's to begin.
    """
    today = now.astimezone(UTC).date()
    start = max(contract.history.start, first_day)
    end = min(contract.history.end or today + DAY, today + DAY)
    if end <= start:
        return Sight()
    window = Window(start, end)
    known = catalogue.known(contract)
    wanted, recorded = manifests(contract, known), catalogue.manifests(contract, window)
    staged = catalogue.staged_fingerprints(contract)
    made = {layer: _recorded(instance, asset_key(contract, layer)) for layer in LAYERS}
    begun = {date.fromisoformat(day) for layer in made.values() for day in layer}
    first = min([*begun, today])
    due: dict[date, Due] = {}
    harmless: set[date] = set()
    for day in window.days():
        files, was = wanted.get(day, ()), recorded.get(day)
        is_expected = contract.calendar.expects(day)
        is_overdue = day > first and is_expected and contract.delivery.due(day) <= now
        if not files and not was and not is_expected:
            harmless.add(day)
        why = ""
        if files or was or day in begun or is_overdue:
            why = _why(contract, day, files, was, staged.get(day), made)
        if why := why or failed.get(day, ""):
            cause = f"{contract.digest[:12]}:{fingerprint(contract, files)}"
            due[day] = Due(cause, why, _since(files, known))
    return Sight(_refused(due, contract, known), frozenset(harmless - due.keys()))


def _why(
    contract: SourceContract,
    day: date,
    files: Manifest,
    was: Manifest | None,
    staged: str | None,
    made: Mapping[str, Recorded],
) -> str:
    """Why a day is due; empty if it is as its drops are."""
    key = day.isoformat()
    lacking = [layer for layer in LAYERS if key not in made[layer]]
    if len(lacking) == len(LAYERS):
        return "never made"
    if was is not None and was != files:
        return "its drops are others than it was made of"
    if lacking or was is None:
        return f"not made to the end: {', '.join(lacking) or 'raw'} is lacking"
    if files and staged != fingerprint(contract, files):
        return "not staged from its drops by its contract"
    if made["revenue"][key] < made["staged"][key]:
        return "staged anew, and not loaded since"
    return ""


def _since(files: Manifest, known: Mapping[str, Known]) -> float:
    """When the last of a day's files came (POSIX seconds); 0 without any."""
    seen = [known[entry.file].first_seen_ns for entry in files if entry.file in known]
    return max(seen, default=0) / 1e9


def _refused(
    due: Mapping[date, Due], contract: SourceContract, known: Mapping[str, Known]
) -> dict[date, Due]:
    """Days that a refused drop may hold are not asked for: their runs are known to fail."""
    reasons = refusals(contract, known, due)
    return {
        day: Due(one.cause, one.why, one.since, f"a person: {reasons[day]}")
        if day in reasons
        else one
        for day, one in due.items()
    }


def see_models(target: Target, instance: dg.DagsterInstance, failed: Mapping[date, str]) -> Sight:
    """The days of the models that are older than what they are made from, lack one, or failed.

    While a blocking check upstream has failed none is asked for: a model made then would hold what
    the check keeps out.
    """
    newest: dict[str, int] = {}
    revenue = [key for key in target.upstream if key != EXCHANGE_RATES]
    for recorded in [_recorded(instance, key) for key in revenue]:
        for key, number in recorded.items():
            newest[key] = max(number, newest.get(key, 0))
    if not newest and not failed:
        return Sight()
    rates = _recorded(instance, EXCHANGE_RATES)
    made = [_recorded(instance, key) for key in target.keys]
    blocked = _failed_checks(instance, target.blocking)
    due = {}
    for day in sorted({*map(date.fromisoformat, newest), *failed}):
        key = day.isoformat()
        needed = max(newest[key], rates.get(key, 0)) if key in newest else 0
        oldest = min(one.get(key, 0) for one in made)
        if oldest < needed:
            why = "older than what they are made from" if oldest else "never made"
        else:
            why = failed.get(day, "")
        if why:
            due[day] = Due(f"{target.code}:{needed}", why, blocked=blocked)
    return Sight(due)


def _failed_checks(instance: dg.DagsterInstance, keys: Collection[dg.AssetCheckKey]) -> str:
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    failed = [
        f"{key.asset_key.to_user_string()}: {key.name}"
        for key, record in sorted(latest.items(), key=lambda item: str(item[0]))
        if record.status is AssetCheckExecutionRecordStatus.FAILED
    ]
    return f"a person: the blocking check {', '.join(failed)} has failed" if failed else ""


def _recorded(instance: dg.DagsterInstance, key: dg.AssetKey) -> Recorded:
    kind = DagsterEventType.ASSET_MATERIALIZATION
    return instance.event_log_storage.get_latest_storage_id_by_partition(key, kind)
