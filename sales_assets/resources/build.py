"""The resources of an installation, from its settings.

Belongs here: which implementation a setting chooses. Does not: any implementation.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sales_assets.dbt_manifest import DbtLocation
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.recorded import RecordedRates
from sales_assets.exchange_rates.snapshot import SnapshotRates
from sales_assets.exchange_rates.state import RateState
from sales_assets.healing.state import HealingState
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.dbt import DbtInProcess
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.landing_events import LandingEvents, NoLandingEvents
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.report_folder import ReportFolder
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets.resources.staging_area import StagingArea
from sales_assets.resources.warehouse import Warehouse
from sales_assets.setting_kinds import ExchangeRatesKind, ObjectStoreKind, WarehouseKind
from sales_assets.settings import PREFIX, Settings
from sales_assets.snowflake_options import SNOWFLAKE_NEEDS


def build_resources(settings: Settings) -> dict[str, Any]:
    """Every resource by the name under which assets ask for it."""
    return {
        "landing_zone": build_landing_zone(settings),
        "landing_events": build_landing_events(settings),
        "catalogue": Catalogue(url=settings.catalogue_address),
        "object_store": build_object_store(settings),
        "staging_area": StagingArea(
            folder=str(settings.object_folder.parent / "scratch"),
            memory_limit=settings.memory_limit,
            pseudonym_keys=str(settings.pseudonym_folder),
            makes_keys=settings.is_on_one_machine,
        ),
        "warehouse": build_warehouse(settings),
        "dbt": build_dbt(settings),
        "exchange_rate_api": build_exchange_rate_api(settings),
        "rate_state": RateState(url=settings.catalogue_address),
        "healing": HealingState(url=settings.catalogue_address),
        "report_folder": ReportFolder(path=str(settings.report_folder)),
    }


def build_landing_zone(settings: Settings) -> LandingZone:
    """The landing zone that the settings choose."""
    if settings.landing_bucket is None:
        return DirectoryLandingZone(root=str(settings.landing_folder))
    bucket, prefix = settings.landing_bucket
    return S3LandingZone(
        bucket=bucket,
        prefix=prefix,
        region=settings.s3_region,
        endpoint_url=settings.s3_endpoint_url,
        kms_key=settings.s3_kms_key,
    )


def build_landing_events(settings: Settings) -> LandingEvents:
    """Who tells which drops came or went."""
    if settings.landing_queue_url is None:
        return NoLandingEvents()
    assert settings.landing_bucket is not None  # Settings refuses a queue without a bucket
    bucket, prefix = settings.landing_bucket
    return SqsLandingEvents(
        queue_url=settings.landing_queue_url,
        bucket=bucket,
        prefix=prefix,
        region=settings.s3_region,
        endpoint_url=settings.s3_endpoint_url,
        listing_hours=settings.landing_listing_hours,
    )


def build_object_store(settings: Settings) -> ObjectStore:
    """The object store that the settings choose."""
    if settings.object_store is ObjectStoreKind.DIRECTORY:
        return DirectoryObjectStore(root=str(settings.object_folder))
    assert settings.s3_bucket is not None  # Settings refuses s3 without a bucket
    return S3ObjectStore(
        bucket=settings.s3_bucket,
        prefix=settings.s3_prefix,
        region=settings.s3_region,
        endpoint_url=settings.s3_endpoint_url,
        kms_key=settings.s3_kms_key,
    )


def build_exchange_rate_api(settings: Settings) -> ExchangeRateApi:
    """The source of exchange rates that the settings choose."""
    match settings.exchange_rates:
        case ExchangeRatesKind.SNAPSHOT:
            return SnapshotRates(path=str(settings.exchange_rates_snapshot))
        case ExchangeRatesKind.RECORDED:
            return RecordedRates(folder=str(settings.recordings_folder))
        case ExchangeRatesKind.LIVE:
            from sales_assets.exchange_rates.live import LiveRates  # with httpx and its like

            return LiveRates(
                url=settings.exchange_rates_url,
                state_url=settings.catalogue_address,
                connect_timeout=min(5.0, settings.exchange_rates_timeout_seconds),
                read_timeout=min(10.0, settings.exchange_rates_timeout_seconds),
                total_timeout=settings.exchange_rates_timeout_seconds,
            )


PATIENCE_SECONDS = 2.0
"""How long a person's query waits for the embedded warehouse before it reads the snapshot."""


def build_warehouse(settings: Settings, *, for_people: bool = False) -> Warehouse:
    """The warehouse that the settings choose.

    `for_people` answers soon, if need be from a snapshot; a run needs the last word.
    """
    if settings.warehouse is WarehouseKind.SNOWFLAKE:
        from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse

        given: dict[str, Any] = {
            name.removeprefix("snowflake_"): str(getattr(settings, name))
            for name in SNOWFLAKE_NEEDS
        }
        return SnowflakeWarehouse(
            **given,
            stage=settings.snowflake_stage,
            endpoint_url=settings.snowflake_endpoint_url,
            statement_timeout=settings.snowflake_statement_timeout_seconds,
            lock_timeout=settings.lock_timeout_seconds,
        )
    return DuckDBWarehouse(
        path=str(settings.warehouse_file),
        memory_limit=settings.memory_limit,
        lock_timeout=settings.lock_timeout_seconds,
        snapshot=settings.warehouse_snapshot,
        patience=PATIENCE_SECONDS if for_people and settings.warehouse_snapshot else None,
    )


def dbt_location(settings: Settings) -> DbtLocation:
    """The dbt project, how it connects and where its parse is kept."""
    environments = {
        WarehouseKind.DUCKDB: {
            "SALES_ASSETS_WAREHOUSE_PATH": str(settings.warehouse_file),
            "SALES_ASSETS_MEMORY_LIMIT": settings.memory_limit,
        },
        WarehouseKind.SNOWFLAKE: snowflake_environment(settings),
    }
    return DbtLocation(
        project_dir=settings.dbt_project,
        profiles_dir=settings.dbt_project,
        target=settings.warehouse.value,
        prepared_dir=settings.dbt_prepared,
        environment=environments[settings.warehouse],
    )


def snowflake_environment(settings: Settings) -> dict[str, str]:
    """What the Snowflake target of dbt's profile reads; the passphrase it finds by itself."""
    told = {f"{PREFIX}{name}".upper(): str(getattr(settings, name)) for name in SNOWFLAKE_NEEDS}
    told["SALES_ASSETS_SNOWFLAKE_STATEMENT_TIMEOUT_SECONDS"] = str(
        settings.snowflake_statement_timeout_seconds
    )
    if settings.snowflake_endpoint_url:
        url = urlsplit(settings.snowflake_endpoint_url)
        told |= {
            "SALES_ASSETS_SNOWFLAKE_HOST": url.hostname or "",
            "SALES_ASSETS_SNOWFLAKE_PORT": str(url.port or (80 if url.scheme == "http" else 443)),
            "SALES_ASSETS_SNOWFLAKE_PROTOCOL": url.scheme,
        }
    return told


def build_dbt(settings: Settings) -> DbtInProcess:
    """Dbt against the warehouse that the settings choose."""
    location = dbt_location(settings)
    return DbtInProcess(
        project_dir=str(location.project_dir),
        profiles_dir=str(location.profiles_dir),
        target=location.target,
        prepared_dir=str(location.prepared_dir),
        runs_dir=str(settings.home / "dbt_runs"),
        environment=dict(location.environment),
    )


def warehouse_database(settings: Settings) -> str:
    """What SQL calls the database of the warehouse's tables."""
    if settings.warehouse is WarehouseKind.SNOWFLAKE:
        return str(settings.snowflake_database)
    return next(filter(None, settings.warehouse_file.name.split(".")))
