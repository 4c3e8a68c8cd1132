"""What comes in: contracts, keys of pseudonyms, drops, their events, exchange rates.

Belongs here: whether each can be read. Does not: what is in it, or what is written
(`object_storage`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.pseudonyms import needs_key, read_key
from sales_assets.doctor.findings import Finding, ok, warning
from sales_assets.errors import ContractError, TransientError
from sales_assets.resources.build import (
    build_exchange_rate_api,
    build_landing_events,
    build_landing_zone,
)
from sales_assets.resources.landing_zone import Drop, LandingZone
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets.setting_kinds import ExchangeRatesKind
from sales_assets.settings import Settings

NETWORK = {"timeout": 5.0, "attempts": 2}
"""How long to wait for a service that a pipeline would wait longer for: seconds, and tries."""


API = {"total_timeout": 10.0, "attempts": 1}
"""The same for the exchange-rate API."""


def contracts(settings: Settings) -> Iterator[Finding]:
    """Whether the contracts can be read, each with all of its rules."""
    found = load_contracts([settings.contracts_folder])
    names = ", ".join(contract.name for contract in found)
    yield ok("contracts", f"{len(found)} in {settings.contracts_folder}: {names}")


def pseudonym_keys(settings: Settings) -> Iterator[Finding]:
    """Whether contracts with personal values have their keys; UsageError if one is missing."""
    folder = settings.pseudonym_folder
    names = {contract.pseudonym_key for contract in _known(settings) if needs_key(contract)}
    for name in sorted(names):
        if settings.is_on_one_machine and not (folder / f"{name}.key").exists():
            yield ok(f"pseudonym key {name}", f"made in {folder} by the first run")
        else:
            read_key(folder, name, make=False)
            yield ok(f"pseudonym key {name}", f"in {folder}; to be kept as long as the data")


def landing_zone(settings: Settings) -> Iterator[Finding]:
    """Whether the drops of each source can be listed and read; one of each stands for all."""
    zone = build_landing_zone(settings)
    if isinstance(zone, S3LandingZone):
        zone = zone.model_copy(update=NETWORK)
    for contract in _known(settings):
        name = f"drops of {contract.name}"
        drop = zone.any_drop(contract.path)
        if drop is not None:
            _read(zone, drop)
            yield ok(name, f"can be listed and read, like {drop.file} in {zone.address}")
        elif settings.landing_zone is not None and zone.is_away(contract.path):
            yield warning(
                name,
                f"{zone.address} has no folder for {contract.path}",
                f"`sales-assets land FILE --source {contract.name}` makes it; else see that the "
                "share is mounted, or correct SALES_ASSETS_LANDING_ZONE",
            )
        else:
            yield ok(name, f"none yet in {zone.address}")


def _known(settings: Settings) -> Sequence[SourceContract]:
    """The contracts, or none if they are wrong, which `contracts` tells."""
    try:
        return load_contracts([settings.contracts_folder])
    except ContractError:
        return []


def _read(zone: LandingZone, drop: Drop) -> None:
    """Raise if a drop cannot be read; S3 answers HEAD to those who may GET, and to nobody else."""
    if isinstance(zone, S3LandingZone):
        zone.stat(drop.file)
        return
    with zone.local(drop) as path, path.open("rb") as file:
        file.read(1)


def landing_queue(settings: Settings) -> Iterator[Finding]:
    """Whether the queue with the bucket's events is there, and how many are waiting."""
    events = build_landing_events(settings)
    if not isinstance(events, SqsLandingEvents):
        return
    waiting = events.model_copy(update=NETWORK).waiting()
    yield ok("landing queue", f"{waiting:,} messages are waiting in {events.queue_url}")


def exchange_rates(settings: Settings) -> Iterator[Finding]:
    """Whether there are rates: the file, the recordings, or the API's answer to one call."""
    api = build_exchange_rate_api(settings)
    if settings.exchange_rates is ExchangeRatesKind.LIVE:
        api = api.model_copy(update=API)
    try:
        known = api.currencies()
    except TransientError as error:
        yield warning("exchange rates", str(error), "nothing: runs go on with the rates they have")
        return
    told = ", ".join(f"{name}: {value}" for name, value in api.condition().items())
    yield ok(
        "exchange rates",
        f"{len(known)} currencies, {settings.exchange_rates} {api.provider}"
        + (f"; {told}" if told else ""),
    )
