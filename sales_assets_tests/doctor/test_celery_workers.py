from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from pydantic import SecretStr

from sales_assets.doctor.celery_workers import celery
from sales_assets.doctor.findings import Severity
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings
from sales_assets.workers import QUEUES, queue_name, worker_app
from sales_assets_tests.services import RABBITMQ, REDIS, need, remove_queues


def on_celery(home: Path, broker: str) -> Settings:
    return Settings(
        home=home,
        executor=ExecutorKind.CELERY,
        celery_broker=SecretStr(broker),
        celery_queue_prefix=f"test-{uuid.uuid4().hex}.",
    )


@pytest.mark.long
@pytest.mark.parametrize("broker", [RABBITMQ, REDIS], ids=["RabbitMQ", "Redis"])
def test_a_queue_without_a_worker_is_told_and_one_with_a_worker_by_its_name(
    tmp_path: Path, broker: str
) -> None:
    need(*(("RabbitMQ", 5672) if broker == RABBITMQ else ("Redis", 6379)))
    settings = on_celery(tmp_path, broker)
    first, second = (queue_name(settings, queue) for queue in QUEUES)
    try:
        found = {f.check: f for f in celery(settings)}
        assert found["Celery broker"].severity is Severity.OK
        assert "guest:guest" not in found["Celery broker"].found
        assert found[f"Celery queue {first}"].to_do == f"sales-assets worker --queue {QUEUES[0]}"

        app = worker_app(settings)
        with start_worker(
            app, pool="solo", queues=[first], perform_ping_check=False, shutdown_timeout=30
        ):
            found = {f.check: f for f in celery(settings)}
        assert found[f"Celery queue {first}"].severity is Severity.OK
        assert found[f"Celery queue {second}"].severity is Severity.WARNING
    finally:
        remove_queues(broker, settings.celery_queue_prefix)


@pytest.mark.parametrize(
    "broker",
    [
        "amqp://us:the-word@127.0.0.1:9//",
        "amqp://us:the-word@127.0.0.1:5672//",
        "redis://:the-word@127.0.0.1:9/0",
    ],
)
def test_a_broker_that_does_not_answer_or_refuses_is_told_without_its_password(
    tmp_path: Path, broker: str
) -> None:
    [found] = celery(on_celery(tmp_path, broker))
    assert (found.check, found.severity) == ("Celery broker", Severity.PROBLEM)
    assert "the-word" not in found.found
    assert "SALES_ASSETS_CELERY_BROKER" in found.to_do


def test_in_one_process_there_is_no_broker(tmp_path: Path) -> None:
    assert list(celery(Settings(home=tmp_path))) == []
