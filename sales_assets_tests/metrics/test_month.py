"""Whatever happens to the ledger, what is followed is what one would read anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.bill import month_of
from sales_assets.costs.entries import Entry, entries
from sales_assets.costs.ledger import Credit, Ledger
from sales_assets.costs.meter import RUN, RUNNING
from sales_assets.costs.rolling_up import roll_up
from sales_assets.metrics.month import Month
from sales_assets_tests.costs.rows import NOON, Did, before_reading, write
from sales_assets_tests.metrics.counting import counting
from sales_assets_tests.services import database

SHOP, WEB = "retail/shop/raw", "global/web/raw"
Sums = dict[tuple[date, str], Amounts]
LATER = timedelta(minutes=1)


def sums(found: Iterable[Entry]) -> Sums:
    made: Sums = {}
    for one in found:
        key = one.day, one.team
        made[key] = made.get(key, Amounts()) + one.amounts
    return {key: amounts for key, amounts in made.items() if amounts != Amounts()}


def credit(ledger: Ledger, *numbers: int) -> None:
    hour = datetime(2024, 5, 30, 10, tzinfo=UTC)
    found = [Credit(hour, number, f"r{number}", team="retail") for number in numbers]
    ledger.replace_credits(hour, hour + timedelta(hours=1), found)


def process(ledger: Ledger, days: int, cpu: int, team: str = "retail") -> None:
    ledger.keep_process("p", NOON.date() + timedelta(days=days), "daemon", team, Amounts(cpu=cpu))


STEP = Did("one", Amounts(cpu=10, read=3), (SHOP, WEB))
AFTER: list[tuple[str, Callable[[Ledger], object]]] = [
    ("a step of a new run", lambda it: write(it, [STEP])),
    ("the run's own time", lambda it: write(it, [Did(RUN, Amounts(cpu=7), state=RUNNING)])),
    ("it goes on", lambda it: write(it, [Did(RUN, Amounts(cpu=9))])),
    ("a retry elsewhere", lambda it: write(it, [STEP], process="elsewhere:2:2")),
    ("another team's", lambda it: write(it, [Did(RUN, Amounts(cpu=1), run_id="b")], team="x")),
    ("a process", lambda it: process(it, 0, 5)),
    ("it goes on, too", lambda it: process(it, 0, 6)),
    ("credits of yesterday", lambda it: credit(it, 5, 6)),
    ("fewer of them", lambda it: credit(it, 5)),
    ("a settled run goes on", lambda it: write(it, [replace(STEP, run_id="old", step="three")])),
    ("last month is no matter", lambda it: write(it, [replace(STEP, run_id="april", days=-40)])),
    ("rolled up", lambda it: roll_up(it, NOON.date() - timedelta(days=3), NOON)),
]


def before(ledger: Ledger) -> None:
    """A month until now: runs that are settled, one over several days, processes, credits."""
    write(ledger, [replace(STEP, run_id="old", days=-20), replace(STEP, run_id="older", days=-30)])
    steps = (("one", 4, SHOP, -4), ("two", 2, WEB, 0))
    long = [Did(name, Amounts(cpu=cpu), (key,), "long", day) for name, cpu, key, day in steps]
    write(ledger, [*long, Did(RUN, Amounts(cpu=6), run_id="long", days=-4, went_on=4)])
    for days in (-30, -20, -1):
        process(ledger, days, 3)
    credit(ledger, 4)
    roll_up(ledger, NOON.date() - timedelta(days=10), NOON)


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_what_is_followed_is_what_is_there(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path / "file.sqlite") as address:
        ledger = Ledger(address)
        before(ledger)
        month, window = Month(ledger), month_of(NOON.date())
        seen = [sums(month.entries(NOON))]
        assert seen[0] == sums(entries(ledger, window, NOON))
        for what, change in AFTER:
            change(ledger)
            seen.append(sums(month.entries(NOON + LATER)))
            assert seen[-1] == sums(entries(ledger, window, NOON)), what
        same = [what for (what, _), a, b in zip(AFTER, seen, seen[1:], strict=False) if a == b]
        assert same == ["last month is no matter", "rolled up"]
        ledger.engine.dispose()


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_what_is_rolled_up_while_the_month_is_read_is_not_missed(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path / "file.sqlite") as address:
        ledger, other = Ledger(address), Ledger(address)
        write(ledger, [replace(STEP, run_id="old", days=-20)])
        ten_days_ago = NOON.date() - timedelta(days=10)
        with before_reading(ledger, "costs_steps", lambda: roll_up(other, ten_days_ago, NOON)):
            found = sums(Month(ledger).entries(NOON))
        assert found == sums(entries(ledger, month_of(NOON.date()), NOON)) != {}
        assert roll_up(other, ten_days_ago, NOON) == 0
        ledger.engine.dispose()


def test_a_new_day_and_a_new_month_are_read_anew(tmp_path: Path) -> None:
    with database("SQLite", tmp_path / "file.sqlite") as address:
        ledger = Ledger(address)
        before(ledger)
        month = Month(ledger)
        assert sums(month.entries(NOON - timedelta(days=1)))
        write(ledger, [replace(STEP, run_id="late", days=-10)])
        now = NOON + LATER
        assert sums(month.entries(now)) == sums(entries(ledger, month_of(now.date()), now))
        june = NOON + timedelta(days=1)
        assert sums(month.entries(june)) == {}
        write(ledger, [replace(STEP, run_id="june", days=1)])
        found = sums(month.entries(june))
        assert found == sums(entries(ledger, month_of(june.date()), june)) != {}


def test_rows_of_which_nothing_new_was_told_are_not_read_again(tmp_path: Path) -> None:
    with database("SQLite", tmp_path / "file.sqlite") as address:
        ledger = Ledger(address)
        month, asked = Month(ledger), []
        list(month.entries(NOON))
        for runs in (5, 50):
            write(ledger, [replace(STEP, run_id=f"r{n}") for n in range(runs)])
            for later in (2, 3, 60):
                with counting() as counted:
                    list(month.entries(NOON + later * LATER))
                asked.append((len(counted.statements), counted.rows))
        assert asked[0] == (4, 10), "which runs have news, their rows, processes, credits"
        assert asked[2] == asked[5] == (3, 0)
