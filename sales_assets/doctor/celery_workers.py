"""Celery: the broker, where results go, and the workers.

Belongs here: whether each answers. Does not: what workers do (`workers`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings

SECONDS = 5.0
"""How long to wait for the broker, and for workers to answer, which they do while they work."""


def celery(settings: Settings) -> Iterator[Finding]:
    """Whether broker and results can be reached, and each queue has a worker."""
    if settings.executor is not ExecutorKind.CELERY:
        return
    from sales_assets.workers import worker_app

    app = worker_app(settings)
    sockets = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS}  # Redis' own
    is_redis = str(app.conf.broker_url).startswith("redis")
    with app.connection_for_write(
        connect_timeout=SECONDS, transport_options=sockets if is_redis else {}
    ) as connection:
        shown = connection.as_uri()
        try:
            connection.ensure_connection(max_retries=1, timeout=SECONDS)
        except Exception as error:  # noqa: BLE001  # the transport's own, of many classes
            yield problem(
                "Celery broker",
                f"{shown}: {type(error).__name__}: {error}",
                "see that it runs and lets this user in, or correct SALES_ASSETS_CELERY_BROKER",
            )
            return
        yield ok("Celery broker", shown)
        yield from _results(app)
        yield from _queues(settings, app, connection)


def _results(app: Any) -> Iterator[Finding]:
    """A store of results of its own; with rpc:// they come by the broker."""
    store = app.backend.as_uri()
    if store.startswith("rpc"):
        return
    try:
        if store.startswith("redis"):
            app.backend.client.ping()
    except Exception as error:  # noqa: BLE001  # the driver's own
        to_do = "see that it runs, or correct SALES_ASSETS_CELERY_BACKEND"
        yield problem("Celery results", f"{store}: {error}", to_do)
    else:
        yield ok("Celery results", store)


def _queues(settings: Settings, app: Any, connection: Any) -> Iterator[Finding]:
    """Workers say which queues they serve."""
    from sales_assets.workers import QUEUES, queue_name

    try:
        asked = app.control.inspect(timeout=SECONDS / 2, connection=connection)
        answers = asked.active_queues() or {}
    except Exception as error:  # noqa: BLE001  # the transport's own: a user may be limited to queues
        to_do = "nothing, if workers serve the queues; else let the user use exchange celery.pidbox"
        yield warning("Celery workers", f"cannot be asked: {error}", to_do)
        return
    serving: dict[str, list[str]] = {}
    for worker, queues in answers.items():
        for queue in queues:
            serving.setdefault(queue["name"], []).append(worker)
    for queue in QUEUES:
        name = queue_name(settings, queue)
        workers = sorted(serving.get(name, ()))
        if workers:
            yield ok(f"Celery queue {name}", f"served by {', '.join(workers)}")
        else:
            told = "no worker serves it: runs wait for one"
            to_do = f"sales-assets worker --queue {queue}"
            yield warning(f"Celery queue {name}", told, to_do)
