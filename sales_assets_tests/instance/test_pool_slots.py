"""A slot of a pool has one user on SQLite too, whatever two processes do at the same moment.

Dagster asks whether there is room and puts a step on the list in two transactions: two steps can
be told that it is their turn for the same slot. That one of them gets it is up to its row.
"""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqlEventLogStorage
from sqlalchemy import Engine, event

from sales_assets_tests.instance.recording import BATCHING, open_instance, storage_in_postgres
from sales_assets_tests.services import postgres_database

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
POOL = "api"
A_GLANCE = 1.0
"""Seconds for the other to claim the slot that the first has seen free; it takes milliseconds."""


def test_two_that_see_the_same_slot_free_do_not_both_get_it(tmp_path: Path) -> None:
    claimed: dict[str, bool] = {}
    with open_instance(tmp_path, BATCHING) as first, open_instance(tmp_path, BATCHING) as other:
        first.event_log_storage.set_concurrency_slots(POOL, 1)
        for run_id in ("of the first", "of the other"):
            _storage(first).add_pending_step(POOL, run_id, "step", should_assign=True)

        def claim(instance: dg.DagsterInstance, run_id: str) -> None:
            status = _storage(instance).claim_concurrency_slot(POOL, run_id, "step")
            claimed[run_id] = status.is_claimed

        rival = Thread(target=claim, args=(other, "of the other"))

        def let_the_other_go_first(*told: Any) -> None:
            if str(told[2]).startswith("UPDATE concurrency_slots") and not rival.ident:
                rival.start()
                rival.join(A_GLANCE)

        event.listen(Engine, "before_cursor_execute", let_the_other_go_first)
        try:
            claim(first, "of the first")
        finally:
            event.remove(Engine, "before_cursor_execute", let_the_other_go_first)
        rival.join()
    assert sorted(claimed.values()) == [False, True]


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    return storage


def test_a_pool_that_two_use_for_the_first_time_has_its_limit_on_postgresql(tmp_path: Path) -> None:
    limited = "concurrency: {pools: {default_limit: 1}}\n"
    with (
        postgres_database() as address,
        open_instance(tmp_path, BATCHING + limited + storage_in_postgres(address)) as first,
        open_instance(tmp_path, BATCHING + limited + storage_in_postgres(address)) as other,
    ):
        for instance in (first, other):  # as if neither had seen the other's row
            assert _storage(instance).initialize_concurrency_limit_to_default(POOL)
        assert _storage(first).get_concurrency_info(POOL).slot_count == 1
        assert _storage(first).claim_concurrency_slot(POOL, "one", "step").is_claimed
        assert not _storage(other).claim_concurrency_slot(POOL, "two", "step").is_claimed
