"""A batch in PostgreSQL beside failures, other writers, and who watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.events.log import EventLogEntry

from sales_assets_tests.instance.recording import (
    DAY_KEYS,
    RAW,
    RUN_1,
    RUN_2,
    STAGED,
    build_job,
    in_postgres,
    mixed_batch,
    rows_in_postgres,
    run_range,
)
from sales_assets_tests.services import postgres_database

pytest.importorskip("dagster_postgres", reason="the extra `distributed` is not installed")

from sales_assets.instance.postgres_events import BatchingPostgresEventLogStorage

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

CHECKS = "asset_check_executions"


@pytest.fixture
def address() -> Iterator[str]:
    with postgres_database() as made:
        yield made


@pytest.fixture
def storage(tmp_path: Path, address: str) -> Iterator[BatchingPostgresEventLogStorage]:
    with in_postgres(tmp_path / "home", address) as instance:
        assert isinstance(instance.event_log_storage, BatchingPostgresEventLogStorage)
        yield instance.event_log_storage


@pytest.mark.parametrize("victim", ["event_logs", "asset_keys", CHECKS, "asset_event_tags"])
def test_a_batch_that_fails_raises_and_leaves_everything_as_it_was(
    tmp_path: Path, address: str, storage: BatchingPostgresEventLogStorage, victim: str
) -> None:
    storage.store_event_batch(mixed_batch()[:1])
    before = rows_in_postgres(address, tmp_path)
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON {victim}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    with pytest.raises(sa.exc.DBAPIError, match="the disk is full"):
        storage.store_event_batch(mixed_batch(RUN_2))
    assert rows_in_postgres(address, tmp_path) == before
    assert storage.get_logs_for_run(RUN_2) == []


def test_a_run_survives_a_batch_that_fails_and_has_each_event_once(
    tmp_path: Path,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = BatchingPostgresEventLogStorage._store_asset_event
    failures = iter([True])

    def fail_once(self: BatchingPostgresEventLogStorage, *args: Any) -> None:
        if next(failures, False):
            raise OSError("the disk is full")
        store(self, *args)

    with in_postgres(tmp_path, address) as instance:
        monkeypatch.setattr(BatchingPostgresEventLogStorage, "_store_asset_event", fail_once)
        assert run_range(build_job({}), instance, RUN_1, DAY_KEYS[:5])
        assert "the disk is full" in capsys.readouterr().err
        kinds = [log.dagster_event_type for log in instance.all_logs(RUN_1)]
    assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED) == 3 * 5
    assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 3 * 5


def at_once(*work: Callable[[], None]) -> None:
    """Do all of it in threads, and raise what any of them raised."""
    raised: list[BaseException] = []

    def caught(of: Callable[[], None]) -> None:
        try:
            of()
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    threads = [threading.Thread(target=caught, args=(of,)) for of in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []


def test_writers_at_once_lose_nothing_whatever_order_their_assets_have(
    tmp_path: Path, address: str
) -> None:
    runs = [f"run-{number}" for number in range(4)]

    def writing(run_id: str, *, backwards: bool) -> Callable[[], None]:
        def write() -> None:
            with in_postgres(tmp_path / run_id, address) as instance:
                batch = mixed_batch(run_id)
                for _ in range(10):
                    instance.event_log_storage.store_event_batch(
                        batch[::-1] if backwards else batch
                    )

        return write

    # Dagster's own code makes the tables, which it cannot do twice at the same time.
    with in_postgres(tmp_path / "first", address):
        pass
    at_once(*(writing(run_id, backwards=number % 2 == 1) for number, run_id in enumerate(runs)))
    with in_postgres(tmp_path / "home", address) as instance:
        storage = instance.event_log_storage
        assert [len(storage.get_logs_for_run(run_id)) for run_id in runs] == [10 * 9] * 4
        assert len(storage.fetch_materializations(RAW, limit=1000).records) == 4 * 10 * 2


def test_threads_that_share_a_storage_take_no_part_in_each_others_batches(
    storage: BatchingPostgresEventLogStorage,
) -> None:
    def store(run_id: str) -> Callable[[], None]:
        def write() -> None:
            for _ in range(5):
                storage.store_event_batch(mixed_batch(run_id))
                assert len(storage.get_logs_for_run(run_id)) % 9 == 0

        return write

    at_once(*(store(f"run-{number}") for number in range(4)))
    assert len(storage.fetch_materializations(STAGED, limit=1000).records) == 4 * 5


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)


def test_who_watches_a_run_sees_each_event_of_a_batch_once_and_in_order(
    tmp_path: Path, address: str, storage: BatchingPostgresEventLogStorage
) -> None:
    told: list[Any] = []
    with in_postgres(tmp_path / "watching", address) as watching:

        def tell(event: EventLogEntry, _cursor: str) -> None:
            told.append(event)

        watching.watch_event_logs(RUN_1, None, tell)
        storage.store_event_batch(mixed_batch(RUN_1))
        storage.store_event_batch(mixed_batch(RUN_2))
        wait_for(lambda: len(told) >= 9)
        watching.end_watch_event_logs(RUN_1, tell)
    assert told == list(mixed_batch(RUN_1))


def test_who_listens_to_the_channel_is_told_of_each_event_of_a_batch(
    address: str, storage: BatchingPostgresEventLogStorage
) -> None:
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("LISTEN run_events")
        storage.store_event_batch(mixed_batch(RUN_1))
        storage.store_event(mixed_batch(RUN_2)[0])
        driver: Any = connection.connection.dbapi_connection
        connection.exec_driver_sql("SELECT 1")
        driver.poll()
        told = [notice.payload for notice in driver.notifies]
    assert told == [*(f"{RUN_1}_{number}" for number in range(1, 10)), f"{RUN_2}_10"]
