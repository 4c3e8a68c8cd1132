"""Celery: the broker, the results and the workers.

Belongs here: whether each answers. Does not: what workers do (`workers`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings

SECONDS = 5.0
"""How long to wait for the broker, and for workers to answer; a busy worker answers too."""


def celery(settings: Settings) -> Iterator[Finding]:
    """Whether the broker can be reached, and each queue has a worker."""
    if settings.executor is not ExecutorKind.CELERY:
        return
    from sales_assets.workers import QUEUES, queue_name, worker_app

    app = worker_app(settings)
    with app.connection_for_write(connect_timeout=SECONDS) as connection:
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
        asked = app.control.inspect(timeout=SECONDS / 2, connection=connection)
        answers = asked.active_queues() or {}
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
            yield warning(
                f"Celery queue {name}",
                "no worker serves it: runs wait for one",
                f"sales-assets worker --queue {queue}",
            )
