"""Events of a batch in PostgreSQL: the same rows and answers as with the stock storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import deserialize_value, serialize_value

from sales_assets.instance import event_batches
from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.event_batches import EVENT_BATCH_SIZE
from sales_assets.settings import Settings
from sales_assets_tests.instance.recording import (
    BATCHING,
    DAY_KEYS,
    PLAYED_KINDS,
    POSTGRES_TABLES,
    REVENUE,
    RUN_1,
    RUN_2,
    asked_of,
    build_job,
    in_postgres,
    mixed_batch,
    of_no_day,
    open_instance,
    play,
    rows_in_postgres,
    run_range,
)
from sales_assets_tests.services import postgres_database

pytest.importorskip("dagster_postgres", reason="the extra `distributed` is not installed")
from dagster_postgres.event_log import PostgresEventLogStorage

from sales_assets.instance.postgres_events import BatchingPostgresEventLogStorage

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

CHECKS = "asset_check_executions"


@dataclass
class Outcome:
    seen: Mapping[str, Any]
    answers: Mapping[str, Any]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


def outcome(home: Path, more: str) -> Outcome:
    with postgres_database() as address, in_postgres(home, address, more) as instance:
        seen = play(instance)
        return Outcome(seen, asked_of(instance), rows_in_postgres(address, home))


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(tmp_path_factory.mktemp("stock"), "")


@pytest.fixture(scope="module")
def batching(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(tmp_path_factory.mktemp("batching"), BATCHING)


@pytest.fixture
def address() -> Iterator[str]:
    with postgres_database() as made:
        yield made


def test_a_range_run_leaves_the_same_rows_as_the_stock_storage(
    stock: Outcome, batching: Outcome
) -> None:
    for table in POSTGRES_TABLES:
        if table != CHECKS:
            assert batching.rows[table] == stock.rows[table], table
            assert stock.rows[table], table


def test_a_check_is_planned_once_where_the_stock_storage_plans_it_for_each_day(
    stock: Outcome, batching: Outcome
) -> None:
    assert sum(row["partition"] is not None for row in stock.rows[CHECKS]) == 40 + 8
    assert of_no_day(batching.rows[CHECKS]) == of_no_day(stock.rows[CHECKS])
    assert len(batching.rows[CHECKS]) == 2


def test_the_comparison_covers_every_kind_of_row(stock: Outcome) -> None:
    kinds = {row["dagster_event_type"] for row in stock.rows["event_logs"]}
    assert kinds >= PLAYED_KINDS
    status = stock.answers[REVENUE.to_user_string()]["status"]
    assert [day for day, of_day in status.items() if of_day and of_day.name == "FAILED"] == (
        DAY_KEYS[37:44]
    )


def test_dagster_answers_the_same_about_assets_and_partitions(
    stock: Outcome, batching: Outcome
) -> None:
    for key, answers in stock.answers.items():
        for question, answer in answers.items():
            assert batching.answers[key][question] == answer, (key, question)
    assert batching.answers["shop/raw"]["materialized"] == DAY_KEYS[:44]


def test_planned_partitions_are_in_progress_while_the_run_goes(
    stock: Outcome, batching: Outcome
) -> None:
    assert batching.seen == stock.seen
    in_progress = [str(status) for status in batching.seen[RUN_1].values() if status]
    assert in_progress == ["AssetPartitionStatus.IN_PROGRESS"] * 40


def test_a_batch_of_mixed_types_leaves_the_same_rows_as_the_stock_storage(tmp_path: Path) -> None:
    events = [*mixed_batch(RUN_1), *mixed_batch(RUN_2), *mixed_batch("a third run")]
    found = []
    for name, more in (("stock", ""), ("batching", BATCHING)):
        home = tmp_path / name
        with postgres_database() as address, in_postgres(home, address, more) as instance:
            if more:
                instance.event_log_storage.store_event_batch(events)
                instance.event_log_storage.store_event_batch([])
            else:  # a stock batch takes no event of this kind
                for event in events:
                    instance.event_log_storage.store_event(event)
            found.append(rows_in_postgres(address, home))
    assert found[0] == found[1]


def test_an_existing_dagster_yaml_gets_batches_without_an_edit_and_so_do_its_other_processes(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", address)
    settings = Settings(home=tmp_path)
    with embedded_instance(tmp_path, settings) as instance:
        before = (tmp_path / "dagster.yaml").read_text()
        ref = deserialize_value(serialize_value(instance.get_ref()), InstanceRef)
    assert "event_log_storage" not in before
    with dg.DagsterInstance.from_ref(ref) as again:
        assert isinstance(again.event_log_storage, BatchingPostgresEventLogStorage)
        assert again._get_event_batch_size() == EVENT_BATCH_SIZE
        # As the webserver does with its instance.
        again.optimize_for_webserver(statement_timeout=5000, pool_recycle=3600, max_overflow=2)
        again.event_log_storage.store_event_batch(mixed_batch())
        assert len(again.all_logs(RUN_1)) == 9
    assert (tmp_path / "dagster.yaml").read_text() == before


def test_a_class_that_somebody_derived_from_stock_is_used_as_it_is(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Derived(PostgresEventLogStorage):
        __module__ = "dagster_postgres.derived"

    monkeypatch.setattr("dagster_postgres.storage.PostgresEventLogStorage", Derived)
    with in_postgres(tmp_path, address) as instance:
        assert type(instance.event_log_storage) is Derived
        assert instance._get_event_batch_size() == 0


def test_under_another_dagster_the_stock_storage_stays_with_a_warning(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_batches, "dagster_version", "9.9.9")
    with pytest.warns(UserWarning, match=r"written for dagster .*9\.9\.9 is installed"):
        opened = open_instance(
            tmp_path, f"storage: {{postgres: {{postgres_url: '{address}'}}}}\n" + BATCHING
        )
    with opened as instance:
        assert type(instance.event_log_storage) is PostgresEventLogStorage
        assert instance._get_event_batch_size() == 0
        assert run_range(build_job({}), instance, RUN_1, DAY_KEYS[:2])
