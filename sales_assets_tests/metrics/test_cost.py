"""What a scrape costs: the same after much history as after little."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.schedules.schema import JobTickTable

from sales_assets.alerts.book import SENT
from sales_assets.alerts.tables import INCIDENTS, MESSAGES
from sales_assets.costs.amounts import Amounts
from sales_assets.costs.ledger import Ledger, microseconds
from sales_assets.costs.meter import RUN, Account
from sales_assets.costs.tables import AMOUNTS, PROCESSES, STEPS
from sales_assets.exchange_rates.tables import CALLS
from sales_assets_tests.metrics.counting import Counted, counting
from sales_assets_tests.metrics.world import API, RAW, World, world
from sales_assets_tests.services import database

pytestmark = pytest.mark.long
LITTLE, MUCH = 100, 5_000
"""The least is more than a scrape looks back over: some ticks, seven days."""
FIRST = date(2025, 1, 1)


def add(here: World, number: int) -> None:
    """So many runs, days of revenue, ticks and calls of the API, just now."""
    for n in range(number):
        here.run(tags={"team": "alpha"})
        here.day(FIRST - timedelta(days=n), accepted=3)
        here.instance.report_runless_asset_event(dg.AssetMaterialization(RAW))
        here.tick(TickStatus.SKIPPED)
        here.state.note_call(API, "ok", 0.1)
    now = datetime.now(UTC)
    accounts = [Account(uuid.uuid4().hex, RUN, 1, now, now, Amounts(cpu=1)) for _ in range(number)]
    Ledger(here.state.url).keep(accounts, "here:1:1", {}, {})


def remember(here: World, history: int) -> None:
    """Let alerts and the ledger have known as much for long: closed incidents, messages that were
    sent, runs and processes of before."""
    long_ago = datetime.now(UTC) - timedelta(days=40)
    at, begun = long_ago.timestamp(), microseconds(long_ago)
    name = [f"{n:06}" for n in range(history)]
    incident: dict[str, Any] = dict.fromkeys(("key", "scope", "occurrence", "problem"), "") | {
        "failures": 1
    }
    incident |= {"severity": "error", **dict.fromkeys(("opened_at", "last_at", "closed_at"), at)}
    message: dict[str, Any] = dict.fromkeys(("incident", "kind", "channel", "title", "text"), "")
    message |= {"severity": "error", "state": SENT, "put_at": at, "not_before": at}
    used: dict[str, Any] = dict.fromkeys(AMOUNTS, 1) | {"team": "alpha"}
    step = used | dict.fromkeys(("source", "job"), "") | {"step": "one", "attempt": 1}
    step |= {"process": "here", "assets": "{}", "partitions": 1, "begun": begun, "told": begun}
    step |= {"state": "success", "peak": 1}
    process = used | {"day": long_ago.date().isoformat(), "kind": "daemon"}
    with here.observed().ledger.engine.begin() as connection:
        connection.execute(INCIDENTS.insert(), [incident | {"id": one} for one in name])
        connection.execute(MESSAGES.insert(), [message | {"name": one} for one in name])
        connection.execute(STEPS.insert(), [step | {"run_id": one} for one in name])
        connection.execute(PROCESSES.insert(), [process | {"process": one} for one in name])


def copy(here: World, history: int) -> None:
    """Make a history of what there is: its last row so many times, each time earlier."""
    events = here.instance.event_log_storage.index_connection  # type: ignore[attr-defined]
    runs, ticks = here.observed().runs.connect, here.observed().ticks.connect
    yesterday = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)

    def moment(n: int) -> datetime:
        return yesterday - timedelta(minutes=10 * n)

    def run(n: int) -> dict[str, Any]:
        return {"run_id": str(uuid.uuid4()), "update_timestamp": moment(n), "end_time": 1.0}

    def event(n: int) -> dict[str, Any]:
        return {"partition": (FIRST - timedelta(days=10 + n)).isoformat()}

    for connecting, table, change in (
        (runs, RunsTable, run),
        (events, SqlEventLogStorageTable, event),
        (ticks, JobTickTable, lambda n: {"timestamp": moment(n)}),
        (here.state.engine.begin, CALLS, lambda n: {"at": moment(n).timestamp()}),
    ):
        with connecting() as connection:
            last = sa.select(table).order_by(table.c.id.desc()).limit(1)
            if table is SqlEventLogStorageTable:
                last = last.where(table.c.partition.is_not(None))
            row = dict(connection.execute(last).one()._mapping)
            del row["id"]
            rows = [{**row, **change(n)} for n in range(history)]
            connection.execute(table.insert(), rows)


def costs(folder: Path, kind: str, history: int) -> list[Counted]:
    """What two scrapes cost: one after some news, and one without any."""
    folder.mkdir()
    with database(kind, folder / "unused") as address:
        postgres = address if kind == "PostgreSQL" else None
        with world(folder, postgres) as here:
            add(here, 8)
            copy(here, history)
            here.restart()
            here.read()
            remember(here, history)
            here.read()
            add(here, 3)
            found = []
            for _ in range(2):
                with counting() as counted:
                    text = here.page.text()
                assert 'sales_assets_scrape_errors{part="assets"} 0.0' in text
                found.append(counted)
            here.close()
            return found


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_a_scrape_asks_and_reads_as_much_after_much_history_as_after_little(
    kind: str, tmp_path: Path
) -> None:
    little, much = (costs(tmp_path / str(history), kind, history) for history in (LITTLE, MUCH))
    for one, other in zip(little, much, strict=True):
        assert one.figures == other.figures
        assert one.rows > 0
    with_news, without = much
    assert len(without.statements) < len(with_news.statements) <= 40
    assert without.rows < with_news.rows
    if kind == "SQLite":
        assert 0 < without.steps < with_news.steps
