"""Every setting, typed, in one place; nothing else reads the environment.

Belongs here: names, types, defaults and checks of settings. Does not: those of where things lie
(`places`), of Snowflake (`snowflake_options`), and of teams, alerts, backups, healing and exchange
rates (their packages' `options`), or what a resource does with them. A variable that begins with
SALES_ASSETS_ and is no setting is refused, so that a typing error cannot silently leave a default
in force.
"""

from __future__ import annotations

import difflib
import os
from datetime import date
from pathlib import Path
from typing import Self, get_args

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sales_assets.alerts.options import AlertOptions
from sales_assets.backup.options import BackupOptions
from sales_assets.errors import UsageError
from sales_assets.exchange_rates.options import ExchangeRateOptions
from sales_assets.healing.options import HealingOptions
from sales_assets.places import Places
from sales_assets.platform.options import Part, PlatformOptions
from sales_assets.setting_kinds import (
    ExecutorKind,
    ObjectStoreKind,
    WarehouseKind,
)
from sales_assets.snowflake_options import SNOWFLAKE_NEEDS, SnowflakeOptions

PREFIX = "SALES_ASSETS_"
LOCAL_UI = "http://127.0.0.1:3000"
"""Where `sales-assets ui` serves the UI, if not told otherwise."""
PROJECT = Path(__file__).resolve().parent.parent
"""The project's folder, with `dbt_project` and `workspace.yaml` beside the package."""


class Settings(
    Places,
    SnowflakeOptions,
    PlatformOptions,
    AlertOptions,
    BackupOptions,
    HealingOptions,
    ExchangeRateOptions,
    BaseSettings,
):
    """The settings; each is read from SALES_ASSETS_<NAME>."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Field(
        default=PROJECT / ".sales_assets",
        description="Folder of everything that an installation keeps: drops, objects, warehouse.",
    )
    landing_queue_url: str | None = Field(
        default=None,
        pattern="^https?://[^@]+$",
        description="SQS queue with the events of the landing zone's bucket; default: every tick "
        "of the sensor lists the drops.",
    )
    landing_listing_hours: float = Field(
        default=24.0,
        gt=0,
        description="How often the drops are listed all the same where a queue tells of them.",
    )
    object_store: ObjectStoreKind = Field(
        default=ObjectStoreKind.DIRECTORY, description="directory or s3."
    )
    s3_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$",
        description="Bucket of the staged objects.",
    )
    s3_prefix: str = Field(default="", description="Key prefix in the bucket.")
    s3_region: str | None = Field(default=None, description="The bucket's region.")
    s3_endpoint_url: str | None = Field(
        default=None,
        pattern="^https?://[^@]+$",
        description="Endpoint of an S3-compatible store; default: AWS.",
    )
    s3_kms_key: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9:/_-]+$",
        description="Id, ARN or alias (alias/...) of the KMS key that encrypts what is put into "
        "S3; default: what the bucket does by itself.",
    )
    warehouse: WarehouseKind = Field(default=WarehouseKind.DUCKDB, description="duckdb, snowflake.")
    dbt_prepared_path: Path | None = Field(
        default=None,
        description="Folder of the parsed dbt project, which belongs to one warehouse and "
        "database; default: in dbt_project/target.",
    )
    first_day: date | None = Field(
        default=None,
        description="First daily partition; default: the earliest day that a contract names.",
    )
    chunk_days: int = Field(
        default=100, ge=1, le=366, description="Days that are staged and loaded at a time, at most."
    )
    executor: ExecutorKind = Field(
        default=ExecutorKind.IN_PROCESS,
        description="in_process, or celery: steps are tasks of `sales-assets worker`.",
    )
    celery_broker: SecretStr | None = Field(
        default=None, description="Celery's broker, like amqp://guest@localhost//."
    )
    celery_backend: SecretStr = Field(
        default=SecretStr("rpc://"),
        description="Where Celery's results go; rpc:// is the broker itself.",
    )
    celery_queue_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_.-]*$",
        description="Begins the names of all queues, where installations share one broker.",
    )
    fan_out_lines: int = Field(
        default=3_000_000,
        ge=1,
        description="Lines that a staging task of its own is worth; with celery only. Less pays "
        "where there are many machines.",
    )
    dagster_postgres_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL of Dagster's runs and events, for a home that is made with it; "
        "default: SQLite in the home.",
    )
    keep_runs_days: int = Field(default=90, ge=0, le=36_500, description="Days that prune keeps.")
    settle_seconds: float = Field(
        default=5.0,
        ge=0,
        description="How long a file has to be unchanged before the sensor takes it as complete.",
    )
    lock_timeout_seconds: float = Field(
        default=3600.0, gt=0, description="How long a run waits for the embedded warehouse."
    )
    warehouse_snapshot: bool = Field(
        default=True,
        description="Copy the embedded warehouse before the models are made, for queries "
        "meanwhile; takes its size once more.",
    )
    reporting_currency: str = Field(
        default="EUR",
        pattern="^[A-Z]{3}$",
        description="The currency (ISO 4217) in which all revenue is reported.",
    )
    ui_url: str | None = Field(
        default=None,
        pattern=r"^(https?://[^@\s?#]+)?$",
        description="Address of the Dagster UI that the report links to; empty: no links. Default: "
        "http://127.0.0.1:3000, where `sales-assets ui` serves it, if no other machine has a part.",
    )
    memory_limit: str = Field(
        default="512MB",
        pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$",
        description="Memory of one DuckDB; larger work spills to disk.",
    )

    @field_validator("dagster_postgres_url")
    @classmethod
    def _with_driver(cls, url: SecretStr | None) -> SecretStr | None:
        """Without a name SQLAlchemy takes another driver than the one dagster-postgres brings."""
        if url and not url.get_secret_value().startswith("postgresql+psycopg2://"):
            raise ValueError("has to begin with postgresql+psycopg2://")
        return url

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.object_store is ObjectStoreKind.S3 and not self.s3_bucket:
            raise ValueError(f"{PREFIX}OBJECT_STORE=s3 needs {PREFIX}S3_BUCKET")
        if self.warehouse is WarehouseKind.SNOWFLAKE:
            missing = [
                f"{PREFIX}{name.upper()}" for name in SNOWFLAKE_NEEDS if getattr(self, name) is None
            ]
            if missing:
                raise ValueError(f"{PREFIX}WAREHOUSE=snowflake needs {', '.join(missing)}")
        if self.snowflake_stage and self.object_store is not ObjectStoreKind.S3:
            raise ValueError(
                f"{PREFIX}SNOWFLAKE_STAGE is a stage on a bucket: set {PREFIX}OBJECT_STORE=s3, or "
                "leave it out"
            )
        if self.landing_queue_url and self.landing_bucket is None:
            raise ValueError(f"{PREFIX}LANDING_QUEUE_URL needs an s3:// {PREFIX}LANDING_ZONE")
        if self.executor is ExecutorKind.CELERY and not self.celery_broker:
            raise ValueError(f"{PREFIX}EXECUTOR=celery needs {PREFIX}CELERY_BROKER")
        if (self.part is Part.SOURCES) != (self.team is not None):
            raise ValueError(f"{PREFIX}PART=sources and {PREFIX}TEAM need each other")
        return self

    @classmethod
    def load(cls) -> Settings:
        """Read the settings from the environment.

        Raises UsageError naming each wrong or unknown variable and what it may be.
        """
        known = {f"{PREFIX}{name}".upper() for name in cls.model_fields}
        for name in os.environ:
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                close = difflib.get_close_matches(name.upper(), known, n=1)
                hint = (
                    f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
                )
                raise UsageError(f"{name} is no setting; {hint}")
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(
                f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}"
                if e["loc"]
                else e["msg"]
                for e in error.errors()
            )
            raise UsageError(f"Wrong settings: {wrong}") from error

    def refuse_part(self) -> None:
        """Raise UsageError for the settings of one part: this is about a whole installation."""
        if self.part is not Part.EVERYTHING:
            raise UsageError(
                f"{PREFIX}PART={self.part}: this command is about a whole installation; "
                "leave the setting out here, or use the Dagster UI for a part"
            )

    @property
    def is_on_one_machine(self) -> bool:
        """Whether no other machine reads the same drops, as far as settings can tell."""
        return self.executor is ExecutorKind.IN_PROCESS and self.landing_bucket is None

    @property
    def ui_address(self) -> str | None:
        """Where readers of the report find the UI; None if nobody said so."""
        if self.ui_url is None and self.is_on_one_machine:
            return LOCAL_UI
        return self.ui_url or None

    @property
    def dbt_project(self) -> Path:
        """Folder of the dbt project."""
        return PROJECT / "dbt_project"

    @property
    def dbt_prepared(self) -> Path:
        """Folder of the parsed dbt project: it is another one for each product."""
        if self.dbt_prepared_path is not None:
            return self.dbt_prepared_path
        of_product = "prepared" if self.warehouse is WarehouseKind.DUCKDB else "prepared_snowflake"
        return self.dbt_project / "target" / of_product


def read_secret(name: str) -> str | None:
    """A secret by its setting's name, which resources keep: the UI shows their configuration."""
    return os.environ.get(f"{PREFIX}{name}".upper())


def secret_settings() -> frozenset[str]:
    """The variables of all settings that are secret."""
    return frozenset(
        f"{PREFIX}{name}".upper()
        for name, field in Settings.model_fields.items()
        if SecretStr in {field.annotation, *get_args(field.annotation)}
    )


def variable(name: str) -> str | None:
    """A variable that is no setting: one that teams.yaml names as the place of a secret."""
    return os.environ.get(name)


def set_variables() -> dict[str, str]:
    """The variables of this process, for choosing those that another one gets."""
    return dict(os.environ)


def variables_for_tools() -> dict[str, str]:
    """The variables that git and pip get: all but those of this project and of Dagster."""
    own = (PREFIX, "DAGSTER_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def secrets_of_environment() -> list[str]:
    """Secrets that drivers and AWS's chain read for themselves, so that no message shows them."""
    names = (
        *("PGPASSWORD", "DAGSTER_PG_PASSWORD"),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    )
    return [os.environ[name] for name in names if os.environ.get(name)]


def find_dagster_home(settings: Settings) -> Path:
    """Where Dagster's instance is: in the home, or, as in Dagster's chart, where it says itself."""
    if not (settings.dagster_home / "dagster.yaml").exists() and "DAGSTER_HOME" in os.environ:
        return Path(os.environ["DAGSTER_HOME"])
    return settings.dagster_home
