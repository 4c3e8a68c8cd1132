"""What settings that choose between products and manners may be.

Belongs here: those words. Does not: the settings (`settings`), or what is built for a word
(`resources.build`).
"""

from __future__ import annotations

from enum import StrEnum


class ObjectStoreKind(StrEnum):
    """Where staged objects lie."""

    DIRECTORY = "directory"
    S3 = "s3"


class WarehouseKind(StrEnum):
    """Where revenue and the models lie."""

    DUCKDB = "duckdb"
    SNOWFLAKE = "snowflake"


class ExchangeRatesKind(StrEnum):
    """Where exchange rates come from."""

    SNAPSHOT = "snapshot"
    LIVE = "live"
    RECORDED = "recorded"


class ExecutorKind(StrEnum):
    """Who does the steps of a run."""

    IN_PROCESS = "in_process"
    CELERY = "celery"
