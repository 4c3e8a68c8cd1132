"""What an instance has that dagster.yaml, which is a person's, may not say."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml

from sales_assets.assets.exchange_rates import POOL
from sales_assets.instance.embedded import embedded_instance, instance_configuration, limit_pool

QUEUE = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose dagster.yaml is from before there were pools."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    configuration = instance_configuration()
    del configuration["concurrency"]
    configuration["run_coordinator"] = QUEUE | {"config": {"max_concurrent_runs": 1}}
    configure(tmp_path, configuration)
    return tmp_path


def configure(home: Path, configuration: dict[str, object]) -> None:
    (home / "dagster.yaml").write_text(yaml.safe_dump(configuration))


def limits(instance: dg.DagsterInstance) -> dict[str, int]:
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}


def open_once(home: Path) -> dict[str, int]:
    with embedded_instance(home) as instance:
        return limits(instance)


def test_where_nothing_is_said_of_pools_the_api_is_called_by_one_run_at_a_time(home: Path) -> None:
    before = (home / "dagster.yaml").read_text()
    assert open_once(home) == {POOL: 1}
    assert open_once(home) == {POOL: 1}
    assert (home / "dagster.yaml").read_text() == before


@pytest.mark.parametrize("limit", [0, 3])
def test_a_limit_that_a_person_set_stays(home: Path, limit: int) -> None:
    with embedded_instance(home) as instance:
        instance.event_log_storage.set_concurrency_slots(POOL, limit)
    assert open_once(home) == {POOL: limit}


@pytest.mark.parametrize(
    "block", [{"pools": {"default_limit": 4}}, {"default_op_concurrency_limit": 4}]
)
def test_a_default_that_a_person_set_stays_until_it_goes(
    home: Path, block: dict[str, object]
) -> None:
    without = yaml.safe_load((home / "dagster.yaml").read_text())
    # Dagster refuses pools beside limits of the run coordinator.
    configure(home, without | {"run_coordinator": QUEUE, "concurrency": block})
    assert open_once(home) == {}
    with embedded_instance(home) as instance:
        instance.event_log_storage.initialize_concurrency_limit_to_default(POOL)
    assert open_once(home) == {POOL: 4}
    configure(home, without)
    assert open_once(home) == {POOL: 1}


def test_a_storage_without_limits_is_left_as_it_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_instance(home) as instance:
        storage = instance.event_log_storage
        monkeypatch.setattr(storage, "supports_global_concurrency_limits", False)
        limit_pool(instance, "other")
        assert limits(instance) == {POOL: 1}
