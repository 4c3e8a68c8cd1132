"""Which event storage an instance takes, and what it takes at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import deserialize_value, serialize_value

from sales_assets.instance import event_batches
from sales_assets.instance.event_batches import EVENT_BATCH_SIZE
from sales_assets.instance.event_log import BatchingInstance
from sales_assets.instance.sqlite_events import BatchingSqliteEventLogStorage
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.instance.recording import BATCHING, QUIET, open_instance


def test_the_instance_and_its_storage_reach_other_processes_by_reference(tmp_path: Path) -> None:
    with open_instance(tmp_path / "home", BATCHING) as instance:
        ref = deserialize_value(serialize_value(instance.get_ref()), InstanceRef)
    with dg.DagsterInstance.from_ref(ref) as again:
        assert isinstance(again, BatchingInstance)
        assert isinstance(again.event_log_storage, BatchingSqliteEventLogStorage)
        assert again._get_event_batch_size() == EVENT_BATCH_SIZE


def test_the_storage_can_be_named_with_a_directory_of_its_own(tmp_path: Path) -> None:
    named = (
        "event_log_storage: {module: sales_assets.instance.sqlite_events,"
        f" class: BatchingSqliteEventLogStorage, config: {{base_dir: {tmp_path / 'events'}}}}}\n"
    )
    with open_instance(tmp_path / "home", BATCHING + named) as instance:
        assert isinstance(instance.event_log_storage, BatchingSqliteEventLogStorage)
    assert (tmp_path / "events" / "index.db").exists()


def test_another_storage_in_dagster_yaml_is_used_as_it_is(tmp_path: Path) -> None:
    other = f"storage: {{sqlite: {{base_dir: {tmp_path / 'other'}}}}}\n"
    with open_instance(tmp_path / "home", BATCHING + other) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert instance._get_event_batch_size() == 0


def test_under_another_dagster_the_stock_storage_takes_over_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_batches, "dagster_version", "9.9.9")
    with pytest.warns(UserWarning, match=r"written for dagster .*9\.9\.9 is installed"):
        instance = open_instance(tmp_path / "home", BATCHING)
    with instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert instance._get_event_batch_size() == 0


def test_a_home_without_postgresql_imports_no_driver_of_it(tmp_path: Path) -> None:
    script = (
        "import sys, dagster as dg\n"
        f"with dg.DagsterInstance.from_config({str(tmp_path)!r}): pass\n"
        "print([name for name in ('psycopg2', 'dagster_postgres') if name in sys.modules])"
    )
    (tmp_path / "dagster.yaml").write_text(QUIET + BATCHING)
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert told.stdout == "[]\n"
