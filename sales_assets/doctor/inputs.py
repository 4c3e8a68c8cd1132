"""What comes in: contracts, keys of pseudonyms, drops, their events, exchange rates.

Belongs here: whether each can be read. Does not: what is in it, or what is written
(`object_storage`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.pseudonyms import needs_key, read_key
from sales_assets.doctor.advice import advice
from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.errors import ContractError, SalesAssetsError, TransientError
from sales_assets.resources.build import (
    build_exchange_rate_api,
    build_landing_events,
    build_landing_zone,
)
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets.setting_kinds import ExchangeRatesKind
from sales_assets.settings import Settings

SECONDS = 5.0
"""How long to wait for an answer; a run waits longer."""
NETWORK = {"timeout": SECONDS, "attempts": 2}
"""The same, and the tries, for a client of S3 or SQS."""


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
        try:
            drop = zone.any_drop(contract.path)
            if drop is not None:
                zone.try_to_read(drop)
                yield ok(name, f"can be listed and read, like {drop.file} in {zone.address}")
            elif settings.landing_zone is not None and zone.is_away(contract.path):
                yield warning(
                    name,
                    f"{zone.address} has no folder for {contract.path}",
                    f"`sales-assets land FILE --source {contract.name}` makes it; else see that "
                    "the share is mounted, or correct SALES_ASSETS_LANDING_ZONE",
                )
            else:
                yield ok(name, f"none yet in {zone.address}")
        except (SalesAssetsError, OSError) as error:
            yield problem(name, str(error), advice(error))


def _known(settings: Settings) -> Sequence[SourceContract]:
    """The contracts, or none if they are wrong, which `contracts` tells."""
    try:
        return load_contracts([settings.contracts_folder])
    except ContractError:
        return []


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
    told = f"{settings.exchange_rates} {api.provider}"
    if settings.exchange_rates is not ExchangeRatesKind.LIVE:
        yield ok("exchange rates", f"{told}, {len(api.currencies())} currencies")
        return
    from sales_assets.exchange_rates.http import Timeouts, get_json
    from sales_assets.exchange_rates.live import AGENT

    try:  # beside the circuit breaker, which counts what runs meet
        get_json(f"{api.provider}/currencies", {}, "", Timeouts(SECONDS, SECONDS, SECONDS), AGENT)
    except TransientError as error:
        yield warning("exchange rates", str(error), "nothing: runs go on with the rates they have")
    else:
        yield ok("exchange rates", told)
