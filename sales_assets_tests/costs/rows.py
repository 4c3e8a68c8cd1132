"""Rows of the ledger for tests: accounts that are written as a process writes them.

Belongs here: making and writing them. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.ledger import Ledger
from sales_assets.costs.meter import RUN, SUCCESS, Account
from sales_assets.costs.whose import AboutRun, whose

NOON = datetime(2024, 5, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Did:
    """What a step of a run did, or with RUN the run beside its steps."""

    step: str
    amounts: Amounts
    assets: tuple[str, ...] = ()
    run_id: str = "run"
    days: int = 0
    state: str = SUCCESS
    peak: int = 0
    durations: tuple[int, ...] = ()
    went_on: int = 0
    """Days after which it was told of last."""

    def account(self) -> Account:
        begun = NOON + timedelta(days=self.days)
        took = dict(zip(self.assets, self.durations, strict=False))
        return Account(
            *(self.run_id, self.step, 1, begun, begun + timedelta(days=self.went_on)),
            amounts=self.amounts,
            peak=self.peak,
            state=self.state,
            durations=took,
        )


def ledger_in(folder: Path) -> Ledger:
    return Ledger(f"sqlite:///{folder / 'catalogue.sqlite'}")


def write(ledger: Ledger, did: Iterable[Did], process: str = "here:1:1", team: str = "") -> None:
    """Write what was done, each run with a plan of its own."""
    given = list(did)
    about: dict[str, AboutRun] = {}
    for one in given:
        plan = about.get(one.run_id, AboutRun(job="job", team=team, partitions=1))
        steps = {**plan.assets, one.step: one.assets} if one.step != RUN else plan.assets
        about[one.run_id] = replace(plan, assets={k: v for k, v in steps.items() if v})
    keys = {asset for one in given for asset in one.assets}
    of = {key: whose(dg.AssetKey.from_user_string(key), None) for key in keys}
    ledger.keep([one.account() for one in given], process, about, of)


@contextmanager
def before_reading(ledger: Ledger, table: str, change: Callable[[], object]) -> Iterator[None]:
    """Let something happen, once, just before the ledger reads a table."""
    waits = [change]

    def look(_: object, __: object, statement: str, *___: object) -> None:
        if waits and f"FROM {table}" in statement:
            waits.pop()()

    sa.event.listen(ledger.engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        sa.event.remove(ledger.engine, "before_cursor_execute", look)
    assert not waits, f"{table} was not read"
