"""The services on loopback that some tests need, with something of their own for each test.

Belongs here: addresses, making and removing databases, removing queues. Does not: any expectation.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from sales_assets.workers import QUEUES
from sales_assets_tests.conftest import skip_or_fail

POSTGRES = "postgresql+psycopg2://postgres@127.0.0.1:5432"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
REDIS = "redis://127.0.0.1:6379/0"


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new database, which is removed after the block."""
    need("PostgreSQL", 5432)
    name = f"sales_assets_test_{uuid.uuid4().hex}"
    with _server().connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRES}/{name}"
    finally:
        drop_database(name)


def drop_database(name: str) -> None:
    """Remove a database, whoever uses it, if it is there."""
    with _server().connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _server() -> sa.Engine:
    return sa.create_engine(
        f"{POSTGRES}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )


def remove_queues(broker: str, prefix: str) -> None:
    """Leave no queue of a test on a broker."""
    from kombu.connection import Connection  # of the extra `distributed`

    with Connection(broker) as connection:  # type: ignore[no-untyped-call]
        for queue in QUEUES:
            connection.default_channel.queue_delete(f"{prefix}{queue}")


@contextmanager
def database(kind: str, file: Path) -> Iterator[str]:
    """The address of an empty database of a kind: SQLite, in this file, or PostgreSQL."""
    if kind == "PostgreSQL":
        with postgres_database() as address:
            yield address
    else:
        yield f"sqlite:///{file}"


def need(service: str, port: int) -> None:
    """Skip the test if nothing listens on the service's port."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            skip_or_fail(f"{service} does not answer on 127.0.0.1:{port}")
