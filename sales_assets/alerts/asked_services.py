"""The services of an installation, and how each is asked whether it answers.

Belongs here: one small question for each, with a time-out. Does not: what follows from the answer
(`services`). The exchange-rate API is not asked: it is public, and its circuit breaker knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import sqlalchemy as sa

from sales_assets.alerts.services import AGAIN_SECONDS, WORK, Service, UnaskableError
from sales_assets.alerts.store import alert_store
from sales_assets.setting_kinds import ExchangeRatesKind, ExecutorKind, ObjectStoreKind
from sales_assets.settings import Settings

DATABASE_KEY = "database"


class UnservedError(Exception):
    """A service answers, but not with what it is there for."""


def services_of(settings: Settings) -> Iterator[Service]:
    """What the settings name: buckets, the API, the broker and its workers.

    Not the database, in which it is written what they say (`database_away`).
    """
    seconds = settings.alerts_answer_seconds
    if buckets := _buckets(settings, seconds):
        names = ", ".join(sorted({f"s3://{bucket.name}" for bucket in buckets}))
        yield Service(
            "object_store",
            f"the object store ({names}) does not answer",
            partial(_ask_buckets, buckets),
            "drops that come, and every run that stages or loads",
            "sales-assets doctor",
            explains=WORK,
        )
    if settings.exchange_rates is ExchangeRatesKind.LIVE:
        yield Service(
            "exchange_rate_api",
            f"the exchange-rate API {settings.exchange_rates_url} does not answer",
            partial(_ask_breaker, settings),
            "rates of new days; sales are converted at the last ones, which their lines say",
            "none: it is tried again by itself; `sales-assets rates show` tells how it does",
            explains=("exchange_rates", "sales_are_converted"),
        )
    if settings.executor is ExecutorKind.CELERY:
        yield from _Celery(settings, seconds).services()


def beside(settings: Settings) -> Iterator[Service]:
    """What is asked by who watches, and not by the daemon, which does not need it."""
    if url := settings.alerts_webserver_url:
        yield Service(
            "webserver",
            f"the webserver {url} does not answer",
            partial(_ask_url, url, settings.alerts_answer_seconds),
            "everybody who looks at the UI",
            "start it again: `sales-assets serve`, or `sales-assets ui`",
            explains=(),
        )


def database_service(settings: Settings) -> Service:
    """The database that runs, events and alerts are in."""
    return Service(
        DATABASE_KEY,
        "the database of the installation does not answer",
        partial(ask_database, settings.catalogue_address),
        "everything: no run begins, none ends, the UI shows nothing",
        "sales-assets doctor",
    )


def ask_database(url: str) -> None:
    """Raise what the database at an address says, or that it says nothing."""
    with alert_store(url).engine.connect() as connection:
        connection.execute(sa.select(1))


def _buckets(settings: Settings, seconds: float) -> list[Any]:
    from sales_assets.resources.s3_bucket import Bucket

    of_settings = {
        "SALES_ASSETS_S3_BUCKET": settings.s3_bucket
        if settings.object_store is ObjectStoreKind.S3
        else None,
        "SALES_ASSETS_LANDING_ZONE": settings.landing_bucket and settings.landing_bucket[0],
    }
    return [
        Bucket(
            name=name,
            setting=setting,
            region=settings.s3_region,
            endpoint_url=settings.s3_endpoint_url,
            timeout=seconds,
            attempts=1,
        )
        for setting, name in of_settings.items()
        if name
    ]


def _ask_buckets(buckets: list[Any]) -> None:
    for bucket in buckets:
        bucket.holds_any("")


def _ask_breaker(settings: Settings) -> None:
    from sales_assets.exchange_rates.breaker import open_circuit  # not for loading definitions

    engine = alert_store(settings.catalogue_address).engine
    if told := open_circuit(engine, settings.exchange_rates_url.rstrip("/")):
        raise UnservedError(f"it failed so often that it is left alone; the circuit is {told}")


def _ask_url(url: str, seconds: float) -> None:
    """A server that wants to know who asks has answered."""
    import httpx

    answer = httpx.get(f"{url.rstrip('/')}/server_info", timeout=seconds)
    if answer.status_code >= 500:
        raise UnservedError(f"it answers {answer.status_code}")


@dataclass(frozen=True)
class _Celery:
    """The broker, and the workers of its queues."""

    settings: Settings
    seconds: float

    @cached_property
    def _app(self) -> Any:
        from sales_assets.workers import worker_app

        return worker_app(self.settings)

    def services(self) -> Iterator[Service]:
        from sales_assets.workers import QUEUES

        yield Service(
            "broker",
            "the message broker does not answer",
            self._ask_broker,
            "every step of every run",
            "sales-assets doctor",
            explains=WORK,
        )
        for queue in QUEUES:
            yield Service(
                f"workers:{queue}",
                f"no worker serves the queue {queue}",
                partial(self._ask_queue, queue),
                "steps that are given to this queue, and the runs that wait for them",
                f"sales-assets worker --queue {queue}",
                explains=WORK,
                through="broker",
            )

    def _connection(self) -> Any:
        return self._app.connection_for_write(connect_timeout=self.seconds)

    def _ask_broker(self) -> None:
        with self._connection() as connection:
            connection.ensure_connection(max_retries=1, timeout=self.seconds)

    def _ask_queue(self, queue: str) -> None:
        """Ask all workers, which answer while they work too."""
        from sales_assets.workers import queue_name

        try:
            self._ask_broker()
        except Exception as error:
            raise UnaskableError(str(error)) from error
        with self._connection() as connection:
            # So short that there is time to ask once more, and to say what that came to.
            wait = max(0.5, (self.seconds - AGAIN_SECONDS) / 3)
            asked = self._app.control.inspect(timeout=wait, connection=connection)
            answers = asked.active_queues() or {}
        name = queue_name(self.settings, queue)
        if not any(one["name"] == name for queues in answers.values() for one in queues):
            raise UnservedError("no worker answers: its process has ended or hangs")
