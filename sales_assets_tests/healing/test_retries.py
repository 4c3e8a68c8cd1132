"""A step is tried again in its run for what may pass, and for nothing else.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster import DagsterEventType as Type
from pydantic import PrivateAttr

from sales_assets.errors import PermanentError, TransientError, WarehouseBusyError
from sales_assets.healing.retries import Retries, may_pass
from sales_assets.healing.tags import HEALING_TAG
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets.resources.landing_zone import Drop
from sales_assets_tests.harness import SHOP, Installation, drop

QUICK = Retries(3, 0.001)
DAY = "2024-01-02"


class FailingStore(DirectoryObjectStore):
    """An object store that is away for the first times."""

    failures: int
    permanent: bool = False
    _asked: int = PrivateAttr(default=0)

    def find(self, prefix: str) -> list[str]:
        self._asked += 1
        if self._asked <= self.failures:
            raise (PermanentError if self.permanent else TransientError)("the store is away")
        return super().find(prefix)


@contextmanager
def shop(home: Path, **store: Any) -> Iterator[Installation]:
    failing = FailingStore(root=str(home / "objects"), **store)
    with Installation(
        home, [SHOP], {"object_store": failing}, step_retry_seconds=0.01, step_retries=3
    ) as made:
        made.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,1.50"))
        yield made


def attempts(done: dg.ExecuteInProcessResult, step: str) -> int:
    of_step = [event for event in done.all_events if event.step_key == step]
    kinds = {Type.STEP_START, Type.STEP_RESTARTED}
    return sum(event.event_type in kinds for event in of_step)


def test_a_store_that_is_away_for_a_while_costs_attempts_and_fails_no_run(tmp_path: Path) -> None:
    with shop(tmp_path, failures=2) as made:
        done = made.materialize(DAY, DAY, marts=False, rates=False)
        assert done.success
        assert attempts(done, "tests__shop__staged") == 3
        assert len(made.instance.get_runs()) == 1
        assert made.query("SELECT count(*) FROM revenue") == [(1,)]


@pytest.mark.parametrize(("store", "expected"), [({}, 4), ({"permanent": True}, 1)])
def test_what_does_not_pass_fails_after_the_last_attempt_and_what_cannot_pass_at_once(
    tmp_path: Path, store: dict[str, Any], expected: int
) -> None:
    with shop(tmp_path, failures=99, **store) as made:
        done = made.materialize(DAY, DAY, marts=False, rates=False, raise_on_error=False)
        assert not done.success
        assert attempts(done, "tests__shop__staged") == expected
        [failure] = [e for e in done.all_events if e.event_type is Type.STEP_FAILURE]
        error = failure.step_failure_data.error
        assert error is not None
        assert error.cause is not None
        assert "the store is away" in error.cause.message, "no word of retries hides the reason"


@pytest.mark.parametrize("tag", [HEALING_TAG, "dagster/retry_number"])
def test_a_run_that_is_itself_another_attempt_tries_no_step_again(tag: str) -> None:
    tried = []

    @dg.asset
    @QUICK
    def away() -> None:
        tried.append(1)
        raise TransientError("away")

    with dg.DagsterInstance.ephemeral() as instance:
        for tags in ({}, {tag: "1"}):
            dg.materialize([away], instance=instance, tags=tags, raise_on_error=False)
    assert len(tried) == 4 + 1


def test_a_generator_is_tried_again_with_what_it_had_told(tmp_path: Path) -> None:
    tried = []

    @dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two")])
    @QUICK
    def both(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        tried.append(context.retry_number)
        yield dg.MaterializeResult(asset_key="one")
        if context.retry_number < 2:
            raise TransientError("away")
        yield dg.MaterializeResult(asset_key="two")

    assert dg.materialize([both]).success
    assert tried == [0, 1, 2]


def test_outside_of_a_run_the_error_is_what_it_was() -> None:
    @QUICK
    def away() -> None:
        raise TransientError("away")

    with pytest.raises(TransientError, match=r"^away$"):
        away()


def of_database(kind: type[sa.exc.DBAPIError], told: str) -> sa.exc.DBAPIError:
    return kind("SELECT 1", {}, Exception(told))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TransientError("away"), True),
        (WarehouseBusyError("kept for an hour"), False),
        (PermanentError("wrong"), False),
        (KeyError("a mistake"), False),
        (of_database(sa.exc.OperationalError, "database is locked"), True),
        (of_database(sa.exc.OperationalError, "connection refused"), True),
        (of_database(sa.exc.InterfaceError, "connection already closed"), True),
        (of_database(sa.exc.OperationalError, "no such table: drops"), False),
        (of_database(sa.exc.ProgrammingError, "relation does not exist"), False),
        (of_database(sa.exc.IntegrityError, "a key twice"), False),
    ],
    ids=str,
)
def test_what_may_pass_is_told_from_what_a_person_must_mend(
    error: Exception, expected: bool
) -> None:
    assert may_pass(error) is expected


def test_every_step_of_the_definitions_is_tried_again(installation: Installation) -> None:
    job = installation.definitions.resolve_implicit_global_asset_job_def()
    ops = [node for node in job.all_node_defs if isinstance(node, dg.OpDefinition)]
    functions = {op.name: getattr(op.compute_fn, "decorated_fn", op.compute_fn) for op in ops}
    assert len(functions) > 10
    assert [
        name for name, function in functions.items() if not hasattr(function, "__wrapped__")
    ] == []


class Away(DirectoryLandingZone):
    """A landing zone that is away the first time."""

    _asked: int = PrivateAttr(default=0)

    def list(self, pattern: str) -> builtins.list[Drop]:
        self._asked += 1
        if self._asked == 1:
            raise TransientError("the server is away")
        return super().list(pattern)


def test_a_landing_zone_that_is_away_costs_an_attempt_of_the_first_step(tmp_path: Path) -> None:
    zone = Away(root=str(tmp_path / "landing"))
    with Installation(tmp_path, [SHOP], {"landing_zone": zone}, step_retry_seconds=0.01) as made:
        made.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,1.50"))
        done = made.materialize(DAY, DAY, layers=["raw"], marts=False, rates=False)
        assert attempts(done, "tests__shop__raw") == 2
