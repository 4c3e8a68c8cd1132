"""An installation as a user has it, driven from a test: land drops, materialise days, compare.

Belongs here: driving the real definitions on a real instance. Does not: any expectation.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import dagster as dg
import pytest

from sales_assets.automation.landing import LAYERS
from sales_assets.build import build_definitions
from sales_assets.cli import main
from sales_assets.contracts.load import load_contracts
from sales_assets.dbt_manifest import prepare
from sales_assets.instance.embedded import prepare_home
from sales_assets.landing import land_file
from sales_assets.partitions import Window
from sales_assets.resources.build import build_resources, build_warehouse, dbt_location
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent
SAMPLE = PROJECT / "sample_data"
UCI_CONTRACT = Path(__file__).parent / "data" / "uci_online_retail.odcs.yaml"
ADVENTUREWORKS_CONTRACT = Path(__file__).parent / "data" / "adventureworks.odcs.yaml"
TABLES = (
    "main.revenue",
    "main.rejected",
    "main.outweighed",
    "staging.stg_exchange_rates",
    "staging.stg_sales",
    "core.fct_sales",
    "marts.daily_revenue",
    "marts.revenue_by_product",
    "marts.revenue_by_region",
    "marts.revenue_by_team",
    "marts.customer_value",
)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


Run = Callable[..., tuple[int, str, str]]


def calling(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls `sales-assets` with arguments: exit code, standard output, standard error.

    Each call loads the definitions of its settings, as a process of its own would.
    """

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.delitem(sys.modules, "sales_assets.definitions", raising=False)
        monkeypatch.setattr("sys.argv", ["sales-assets", *arguments])
        code = 0
        try:
            main()
        except SystemExit as exited:
            code = int(exited.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


class Installation:
    """Settings, definitions and an instance, all below one folder."""

    def __init__(
        self,
        home: Path,
        contracts: Iterable[Path] | None = None,
        overrides: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.overrides = dict(overrides or {})
        if contracts is not None:
            folder = home / "contracts"
            folder.mkdir(parents=True, exist_ok=True)
            for contract in contracts:
                shutil.copy(contract, folder)
            settings["contracts"] = folder
        self.settings = Settings(home=home, **settings)
        self.contracts = {
            contract.source: contract
            for contract in load_contracts([self.settings.contracts_folder])
        }
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        prepare_home(self.settings.dagster_home, self.settings)
        if self.settings.warehouse is WarehouseKind.SNOWFLAKE:
            prepare(dbt_location(self.settings))  # of its own database
        self.instance = self._stack.enter_context(
            dg.DagsterInstance.from_config(str(self.settings.dagster_home))
        )
        self.reload()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def reload(self) -> None:
        """Build the definitions again, as a restarted code location does."""
        self.definitions = build_definitions(self.settings, self.overrides)
        self.resources = build_resources(self.settings) | self.overrides

    def land(self, source: str, *files: Path) -> None:
        """Land files as `sales-assets land` does."""
        for file in files:
            land_file(self.settings, file, source)

    def write_drop(self, source: str, name: str, text: str) -> Path:
        """Write text straight into the landing zone, as another program may do.

        Gives the file's path, or in a bucket its path below the prefix.
        """
        if self.settings.landing_bucket is not None:
            return self._write_object(Path(self.contracts[source].path).parent / name, text)
        folder = self.settings.landing_folder / Path(self.contracts[source].path).parent
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
        return folder / name

    def _write_object(self, file: Path, text: str) -> Path:
        import boto3

        assert self.settings.landing_bucket is not None
        bucket, prefix = self.settings.landing_bucket
        s3 = boto3.client("s3", endpoint_url=self.settings.s3_endpoint_url)
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{file.as_posix()}", Body=text.encode())
        return file

    def materialize(
        self,
        first: str,
        last: str,
        sources: Sequence[str] | None = None,
        *,
        layers: Sequence[str] = LAYERS,
        marts: bool = True,
        rates: bool = True,
        reports: bool = False,
        raise_on_error: bool = True,
    ) -> dg.ExecuteInProcessResult:
        """Materialise a range of days in one run, as a backfill from the UI does."""
        window = Window.of_keys(first, last)
        above = {"staging", "core", "marts"} if marts else set()
        above |= {"rates"} if rates and layers else set()  # they go along with drops
        above |= {"reports"} if reports else set()
        wanted = set(sources or self.contracts)
        keys = [
            key
            for key in self.definitions.resolve_asset_graph().materializable_asset_keys
            if key.path[0] in above
            or (len(key.path) == 3 and key.path[1] in wanted and key.path[2] in layers)
        ]
        tags = {
            "dagster/asset_partition_range_start": window.first_key,
            "dagster/asset_partition_range_end": window.last_key,
        }
        return self.make(keys, tags, raise_on_error=raise_on_error)

    def make(
        self,
        keys: Sequence[dg.AssetKey],
        tags: Mapping[str, str] | None = None,
        *,
        raise_on_error: bool = True,
    ) -> dg.ExecuteInProcessResult:
        """Make assets in one run."""
        return self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=list(keys),
            run_config=QUIET,
            raise_on_error=raise_on_error,
            tags=dict(tags or {}),
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse, as `sales-assets query` gives them."""
        return build_warehouse(self.settings).select(sql)[1]

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, in a fixed order, without the times of loading."""
        found = {table: sorted(self.query(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
        found["ledger"] = sorted(
            self.query("SELECT * EXCLUDE (loaded_at) FROM main.ledger WHERE lines > 0"), key=repr
        )
        return found

    def staged_objects(self) -> list[str]:
        """The keys of all staged objects."""
        store = self.resources["object_store"]
        return [*store.find("accepted/"), *store.find("rejected/")]


DATA = Path(__file__).parent / "data"
SHOP, TILL = DATA / "shop.odcs.yaml", DATA / "till.odcs.yaml"
HEADER = "order,sold_on,item,customer,price"


def drop(*lines: str) -> str:
    """The text of a drop of `shop` or `till`."""
    return "\n".join([HEADER, *lines, ""])
