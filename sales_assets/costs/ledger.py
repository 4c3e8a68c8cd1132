"""Writing what was used into the installation's small database.

Belongs here: where the ledger is, and its changes: each can be made again without harm. Does not:
what is written (`meter`, `credits`), or asking (`entries`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.meter import Account
from sales_assets.costs.tables import (
    CREDITS,
    CREDITS_READ,
    DAYS,
    PROCESSES,
    RATES,
    STEPS,
    create_tables,
)
from sales_assets.costs.whose import AboutRun
from sales_assets.partitions import DAY
from sales_assets.places import Places
from sales_assets.resources.database import deciding, open_database
from sales_assets.settings import Settings, find_dagster_home


def ledger_address(instance: dg.DagsterInstance, settings: Settings) -> str | None:
    """The small database of the installation that an instance belongs to; None if it has none.

    An instance that is not the settings' own, as in tests, has its database where an installation
    that says nothing more has it: beside the folder `dagster`. An instance outside of the home is
    the settings' own if they say where home or database are: whoever opens any instance names it
    in DAGSTER_HOME, and without settings that would be the one of the default home.
    """
    root = Path(instance.root_directory).resolve()
    is_own = find_dagster_home(settings).resolve() == root
    says_where = settings.model_fields_set & {"home", "catalogue_url"}
    if is_own and (says_where or settings.dagster_home.resolve() == root):
        return settings.catalogue_address
    beside = Places(home=root.parent)
    return beside.catalogue_address if beside.dagster_home == root else None


def microseconds(moment: datetime) -> int:
    """A moment as the tables have it."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment_of(value: int) -> datetime:
    """A moment from the tables."""
    return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


@dataclass(frozen=True)
class Credit:
    """What the warehouse's account says of an hour: whom it attributes credits to."""

    hour: datetime
    credits: int
    run_id: str = ""
    step: str = ""
    asset: str = ""
    team: str = ""
    source: str = ""
    idle: bool = False


@dataclass(frozen=True)
class Ledger:
    """The ledger at a SQLAlchemy address."""

    url: str

    @cached_property
    def engine(self) -> sa.Engine:
        """The database, whose tables are made where they are not there."""
        return open_database(self.url, create_tables)

    def keep(
        self,
        accounts: Iterable[Account],
        process: str,
        about: Mapping[str, AboutRun],
        whose: Mapping[str, tuple[str, str]],
    ) -> None:
        """Keep accounts of a process in the place of what they were; `whose` is by asset."""
        rows = [_row(account, process, about, whose) for account in accounts]
        if rows:
            with self.engine.begin() as connection:
                put(connection, STEPS, rows)

    def keep_process(self, process: str, day: date, kind: str, team: str, amounts: Amounts) -> None:
        """Keep what a process used of itself on a day, all of it until now."""
        row = {"process": process, "day": day.isoformat(), "kind": kind, "team": team}
        with self.engine.begin() as connection:
            put(connection, PROCESSES, [row | asdict(amounts)])

    def replace_credits(self, since: datetime, until: datetime, found: Iterable[Credit]) -> None:
        """Let the credits of the hours from `since` until before `until` be these.

        Those of days that were rolled up stay as they are: they are in the sums, and new rows
        beside these would count twice.
        """
        with deciding(self.engine) as connection:
            kept = datetime.combine(_rolled_up_until(connection), time(), UTC)
            first, end = microseconds(max(since, kept)), microseconds(until)
            rows = [
                asdict(one) | {"hour": hour}
                for one in found
                if (hour := microseconds(one.hour)) >= first
            ]
            within = (CREDITS.c.hour >= first, CREDITS.c.hour < end)
            connection.execute(CREDITS.delete().where(*within))
            if rows:
                connection.execute(CREDITS.insert(), rows)

    def rolled_up_until(self) -> date:
        """The day after the last that has sums instead of rows."""
        with self.engine.connect() as connection:
            return _rolled_up_until(connection)

    def note_credits_read(self, warehouse: str, since: datetime, at: datetime) -> None:
        """Credits of a warehouse from a moment until today were read."""
        row = {"warehouse": warehouse, "since": microseconds(since), "at": microseconds(at)}
        with self.engine.begin() as connection:
            put(connection, CREDITS_READ, [row])

    def were_credits_read(self, warehouse: str, since: datetime, after: datetime) -> bool:
        """Whether that was done after a moment."""
        c = CREDITS_READ.c
        known = (
            c.warehouse == warehouse,
            c.since <= microseconds(since),
            c.at > microseconds(after),
        )
        with self.engine.connect() as connection:
            return connection.execute(CREDITS_READ.select().where(*known)).first() is not None

    def warehouses_read(self) -> dict[str, datetime]:
        """When that was done last for each warehouse that there was, by its name in capitals."""
        with self.engine.connect() as connection:
            rows = connection.execute(CREDITS_READ.select().order_by(CREDITS_READ.c.at)).fetchall()
        return {account_name(row.warehouse): moment_of(row.at) for row in rows}

    def keep_rates(self, since: date, rates: str) -> None:
        """From a day on these rates count."""
        with self.engine.begin() as connection:
            put(connection, RATES, [{"since": since.isoformat(), "rates": rates}])

    def rates(self) -> dict[date, str]:
        """Which rates count from when on, in order."""
        with self.engine.connect() as connection:
            rows = connection.execute(RATES.select().order_by(RATES.c.since)).fetchall()
        return {date.fromisoformat(row.since): row.rates for row in rows}


def _rolled_up_until(connection: sa.Connection) -> date:
    """How many days are kept is a setting that may grow; what was rolled up stays so."""
    last = connection.scalar(sa.select(sa.func.max(DAYS.c.day)))
    return date.fromisoformat(last) + DAY if last else date.min


def account_name(warehouse: str) -> str:
    """A warehouse's name as the account's views are asked for it: however it is written."""
    return warehouse.strip('"').upper()


def _row(
    account: Account,
    process: str,
    about: Mapping[str, AboutRun],
    whose: Mapping[str, tuple[str, str]],
) -> dict[str, Any]:
    run = about.get(account.run_id, AboutRun())
    keys = run.of_step(account.step) if account.step else ()
    team, source = whose[keys[0]] if keys else (run.team, "")
    return {
        "run_id": account.run_id,
        "step": account.step,
        "process": process,
        "attempt": account.attempt,
        "team": team,
        "source": source,
        "job": run.job,
        "assets": json.dumps(weights(keys, account.durations)),
        "partitions": run.partitions,
        "begun": microseconds(account.begun),
        "told": microseconds(account.told),
        "state": account.state,
        "peak": account.peak,
        **asdict(account.amounts),
    }


def weights(keys: Collection[str], durations: Mapping[str, int]) -> dict[str, int]:
    """How a step is divided among its assets: by time if all of them say theirs, else equally."""
    by_time = all(key in durations for key in keys)
    return {key: durations[key] if by_time else 1 for key in keys}


def put(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, each in the place of the one with its key."""
    from sqlalchemy.dialects import postgresql, sqlite

    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    given = [name for name in rows[0] if name not in keys]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in given}
        ),
        rows,
    )
