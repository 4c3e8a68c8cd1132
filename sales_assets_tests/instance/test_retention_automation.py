"""Automation asks for the same partitions after pruning as it would have before.

Without `from __future__ import annotations`: Dagster reads the assets' annotations as objects.
"""

from collections.abc import Iterator, Sequence, Set
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.instance.retention import prune
from sales_assets_tests.instance.recording import BATCHING, DAYS, open_instance

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

UP, DOWN, VERSION = dg.AssetKey("up"), dg.AssetKey("down"), dg.AssetKey("of_versions")
FIRST = DAYS.get_partition_keys()[:4]


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def up(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(data_version=dg.DataVersion(context.run.tags.get("says", "0")))


@dg.asset(
    partitions_def=DAYS,
    deps=[up],
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=dg.AutomationCondition.any_deps_updated()
    | dg.AutomationCondition.execution_failed(),
)
def down(context: dg.AssetExecutionContext) -> None:
    if "fail" in context.run.tags:
        raise RuntimeError("the warehouse is down")


@dg.asset(
    partitions_def=DAYS,
    deps=[up],
    automation_condition=dg.AutomationCondition.any_deps_match(
        dg.AutomationCondition.data_version_changed()
    ),
)
def of_versions() -> None: ...


DEFINITIONS = dg.Definitions([up, down, of_versions], executor=dg.in_process_executor)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(tmp_path, BATCHING) as opened:
        yield opened


def materialize(
    instance: dg.DagsterInstance, days: Sequence[str], keys: Sequence[dg.AssetKey], **tags: str
) -> bool:
    span = {
        "dagster/asset_partition_range_start": days[0],
        "dagster/asset_partition_range_end": days[-1],
    }
    job = DEFINITIONS.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=list(keys),
        tags=span | tags,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    ).success


def asked(
    instance: dg.DagsterInstance, cursor: Any = None
) -> tuple[dict[dg.AssetKey, Set[str | None]], Any]:
    """What automation asks for now, and the cursor from which it goes on."""
    result = dg.evaluate_automation_conditions(DEFINITIONS, instance, cursor=cursor)
    return {key: result.get_requested_partitions(key) for key in (DOWN, VERSION)}, result.cursor


def test_automation_goes_on_from_its_cursor_as_if_nothing_had_been_pruned(
    instance: dg.DagsterInstance,
) -> None:
    assert materialize(instance, FIRST, [UP, DOWN])
    _, cursor = asked(instance)
    assert materialize(instance, FIRST[:2], [UP], says="1")
    assert materialize(instance, FIRST[1:3], [UP], says="2")
    assert not materialize(instance, FIRST[3:], [DOWN], fail="yes")
    assert materialize(instance, FIRST[:1], [UP], says="3")
    before, _ = asked(instance, cursor)
    assert before == {DOWN: set(FIRST), VERSION: set(FIRST[:3])}, "updated ones and the failed one"

    assert prune(instance, timedelta(0)).records > 0

    assert asked(instance, cursor)[0] == before


def test_a_version_that_did_not_change_is_known_after_pruning(
    instance: dg.DagsterInstance,
) -> None:
    for says in ("1", "2"):
        assert materialize(instance, FIRST, [UP], says=says)
    _, cursor = asked(instance)
    prune(instance, timedelta(0))
    assert materialize(instance, FIRST[:2], [UP], says="2")
    assert materialize(instance, FIRST[2:3], [UP], says="3")
    asked_for, _ = asked(instance, cursor)
    assert asked_for == {DOWN: set(FIRST[:3]), VERSION: {FIRST[2]}}
