"""Fixtures of tests with workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.distributed.machine import Machine
from sales_assets_tests.services import RABBITMQ, need, postgres_database


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Machine]]:
    """Makes a machine with a broker, a database of its own and more settings."""
    with ExitStack() as stack:

        def make(broker: str, **settings: Any) -> Machine:
            need("RabbitMQ", 5672) if broker == RABBITMQ else need("Redis", 6379)
            database = stack.enter_context(postgres_database())
            monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", database)
            inner = stack.enter_context(ExitStack())
            return Machine(tmp_path / "workers", broker, database, inner, **settings)

        yield make
