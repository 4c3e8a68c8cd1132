"""The resources of an installation, from its settings.

Belongs here: which implementation a setting chooses. Does not: any implementation.
"""

from __future__ import annotations

from typing import Any

from sales_assets.dbt_manifest import DbtLocation
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.recorded import RecordedRates
from sales_assets.exchange_rates.snapshot import SnapshotRates
from sales_assets.exchange_rates.state import RateState
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.dbt import DbtInProcess
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.notifier import LogNotifier
from sales_assets.resources.object_store import (
    DirectoryObjectStore,
    ObjectStore,
    S3ObjectStore,
)
from sales_assets.resources.report_folder import ReportFolder
from sales_assets.resources.staging_area import StagingArea
from sales_assets.settings import ExchangeRatesKind, ObjectStoreKind, Settings


def build_resources(settings: Settings) -> dict[str, Any]:
    """Every resource by the name under which assets ask for it."""
    return {
        "landing_zone": LandingZone(root=str(settings.landing_folder)),
        "catalogue": Catalogue(url=settings.catalogue_address),
        "object_store": build_object_store(settings),
        "staging_area": StagingArea(
            folder=str(settings.object_folder.parent / "scratch"),
            memory_limit=settings.memory_limit,
            pseudonym_keys=str(settings.pseudonym_folder),
        ),
        "warehouse": build_warehouse(settings),
        "dbt": build_dbt(settings),
        "exchange_rate_api": build_exchange_rate_api(settings),
        "rate_state": RateState(url=settings.catalogue_address),
        "notifier": LogNotifier(),
        "report_folder": ReportFolder(path=str(settings.report_folder)),
    }


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


def build_warehouse(settings: Settings, *, for_people: bool = False) -> DuckDBWarehouse:
    """The warehouse that the settings choose.

    `for_people` answers soon, if need be from a snapshot; a run needs the last word.
    """
    return DuckDBWarehouse(
        path=str(settings.warehouse_file),
        memory_limit=settings.memory_limit,
        lock_timeout=settings.lock_timeout_seconds,
        snapshot=settings.warehouse_snapshot,
        patience=PATIENCE_SECONDS if for_people and settings.warehouse_snapshot else None,
    )


def dbt_location(settings: Settings) -> DbtLocation:
    """The dbt project, how it connects and where its parse is kept."""
    return DbtLocation(
        project_dir=settings.dbt_project,
        profiles_dir=settings.dbt_project,
        target="duckdb",
        prepared_dir=settings.dbt_prepared,
        environment={
            "SALES_ASSETS_WAREHOUSE_PATH": str(settings.warehouse_file),
            "SALES_ASSETS_MEMORY_LIMIT": settings.memory_limit,
        },
    )


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
