"""However the ledger is asked, the answers add up to its rows, also after years."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.costs import rolling_up
from sales_assets.costs.amounts import Amounts, By
from sales_assets.costs.bill import IDLE, Line, bill
from sales_assets.costs.entries import SILENT_AFTER, Entry, entries
from sales_assets.costs.ledger import Credit, Ledger
from sales_assets.costs.meter import RUN, RUNNING, UNFINISHED
from sales_assets.costs.pricing import Prices, RateCard
from sales_assets.costs.rolling_up import roll_up
from sales_assets.costs.tables import DAYS, STEPS
from sales_assets.partitions import Window
from sales_assets_tests.costs.rows import NOON, Did, before_reading, ledger_in, write
from sales_assets_tests.services import database

ALL = Window(date(2024, 5, 1), date(2024, 7, 1))
LATER = NOON + timedelta(days=400)
NO_PRICES = Prices({})
ASSETS = ("retail/shop/raw", "retail/shop/staged", "global/web/revenue", "marts/daily", "a/b/c")
CARD = RateCard(
    "EUR",
    {
        "": {
            "cpu_hour": Decimal("0.05"),
            "gigabyte_hour": Decimal("0.01"),
            "gigabyte_read": Decimal("0.001"),
            "gigabyte_written": Decimal("0.005"),
            "credit": Decimal("3.10"),
        }
    },
)
NUMBER = st.integers(min_value=0, max_value=10**12)
AMOUNTS = st.builds(Amounts, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, st.just(0))
DID = st.builds(
    Did,
    step=st.sampled_from([RUN, "one", "two", "three"]),
    amounts=AMOUNTS,
    assets=st.lists(st.sampled_from(ASSETS), unique=True, max_size=4).map(tuple),
    run_id=st.sampled_from(["r1", "r2"]),
    days=st.integers(min_value=0, max_value=3),
    durations=st.lists(NUMBER, max_size=4).map(tuple),
)


def once(did: list[Did]) -> list[Did]:
    """Each step of a run once; the run itself has no assets."""
    found = {(one.run_id, one.step): one for one in did}
    return [
        Did(one.step, one.amounts, (), one.run_id, one.days) if one.step == RUN else one
        for one in found.values()
    ]


def total(found: list[Entry]) -> Amounts:
    return sum((entry.amounts for entry in found), Amounts())


def grouped(found: list[Entry]) -> dict[tuple[object, ...], Amounts]:
    sums: dict[tuple[object, ...], Amounts] = defaultdict(Amounts)
    for one in found:
        sums[one.day, one.team, one.source, one.asset, one.idle] += one.amounts
    return {key: used for key, used in sums.items() if used != Amounts()}


@settings(max_examples=40, deadline=None)
@given(st.lists(DID, max_size=10), NUMBER, NUMBER)
def test_every_grouping_adds_up_to_the_rows_and_rolling_up_changes_no_sum(
    story: list[Did], idle: int, used: int
) -> None:
    did = once(story)
    with TemporaryDirectory() as folder:
        ledger = ledger_in(Path(folder))
        write(ledger, did)
        ledger.keep_process("p", NOON.date(), "daemon", "", Amounts(cpu=idle))
        ledger.replace_credits(NOON, NOON + timedelta(hours=1), [Credit(NOON, used, idle=True)])
        rows = sum((one.amounts for one in did), Amounts(cpu=idle, credits=used))
        before = entries(ledger, ALL, LATER)
        assert total(before) == rows
        prices = Prices({NOON.date(): CARD})
        money = {bill(before, by, prices).total.money for by in By}
        assert len(money) == 1, "each grouping costs the same, to the last digit"
        for by in By:
            lines = bill(before, by, prices)
            assert sum((line.amounts for line in lines.lines), Amounts()) == rows
            assert sum(line.money for line in lines.lines) == lines.total.money

        while roll_up(ledger, NOON.date() + timedelta(days=2), LATER):
            pass
        after = entries(ledger, ALL, LATER)
        assert grouped(after) == grouped(before)
        assert bill(after, By.ASSET, prices).total.money == money.pop()
        while roll_up(ledger, date(2025, 1, 1), LATER):
            pass
        assert grouped(entries(ledger, ALL, LATER)) == grouped(before)
        ledger.engine.dispose()


def test_what_a_run_used_beside_its_steps_is_divided_as_these_used_the_cpu(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(
        ledger,
        [
            Did(RUN, Amounts(cpu=100)),
            Did("one", Amounts(cpu=30), (ASSETS[0],)),
            Did("two", Amounts(cpu=10), (ASSETS[2],)),
        ],
    )
    found = {line.name: line.amounts.cpu for line in of(ledger, By.TEAM)}
    assert found == {"retail": 105, "global": 35}
    steps = {line.name: line.amounts.cpu for line in of(ledger, By.STEP)}
    assert steps == {"(run)": 100, "one": 30, "two": 10}


def of(ledger: Ledger, by: By) -> list[Line]:
    return bill(entries(ledger, ALL, LATER), by, NO_PRICES).lines


def test_a_run_without_steps_is_its_team_s(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, [Did(RUN, Amounts(cpu=7))], team="retail")
    [line] = bill(entries(ledger, ALL, LATER), By.TEAM, NO_PRICES).lines
    assert (line.name, line.amounts.cpu) == ("retail", 7)


def test_writing_again_replaces_and_another_process_adds(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    for cpu in (1, 5):
        write(ledger, [Did("one", Amounts(cpu=cpu), (ASSETS[0],))])
    assert total(entries(ledger, ALL, LATER)).cpu == 5
    write(ledger, [Did("one", Amounts(cpu=2), (ASSETS[0],))], process="elsewhere:2:2")
    assert total(entries(ledger, ALL, LATER)).cpu == 7, "a killed worker's work was done too"


def test_a_run_that_is_silent_for_long_is_unfinished_and_one_that_tells_is_not(
    tmp_path: Path,
) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, [Did(RUN, Amounts(cpu=1), state=RUNNING)])
    for now, state in ((NOON + SILENT_AFTER, RUNNING), (NOON + 2 * SILENT_AFTER, UNFINISHED)):
        [entry] = entries(ledger, ALL, now)
        assert entry.state == state
        assert bill([entry], By.RUN, NO_PRICES).total.unfinished == 1


def test_days_are_half_open_in_utc(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, [Did("one", Amounts(cpu=1)), Did("two", Amounts(cpu=2), days=1)])
    day = NOON.date()
    for start, end, cpu in ((0, 1, 1), (1, 2, 2), (0, 2, 3), (2, 3, 0)):
        window = Window(day + timedelta(days=start), day + timedelta(days=end))
        assert total(entries(ledger, window, LATER)).cpu == cpu


def test_idle_processes_have_lines_of_their_own_for_each_team(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    for process, team, cpu in (("a", "", 1), ("b", "retail", 2), ("c", "retail", 4)):
        ledger.keep_process(process, NOON.date(), "daemon", team, Amounts(cpu=cpu))
    write(ledger, [Did("one", Amounts(cpu=8), (ASSETS[0],))])
    lines = bill(entries(ledger, ALL, LATER), By.TEAM, NO_PRICES).lines
    assert [(line.name, line.team, line.amounts.cpu) for line in lines] == [
        ("retail", "retail", 8),
        (IDLE, "retail", 6),
        (IDLE, "", 1),
    ]


def test_a_run_that_goes_on_is_rolled_up_when_all_of_it_is_old(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, [Did(RUN, Amounts(cpu=4), days=1), Did("one", Amounts(cpu=1), (ASSETS[0],))])
    before = grouped(entries(ledger, ALL, LATER))
    assert roll_up(ledger, NOON.date() + timedelta(days=1), LATER) == 0
    assert roll_up(ledger, NOON.date() + timedelta(days=2), LATER) == 2
    assert grouped(entries(ledger, ALL, LATER)) == before


def test_a_run_that_is_told_again_is_not_rolled_up_and_counted_twice(tmp_path: Path) -> None:
    ledger, next_day = ledger_in(tmp_path), NOON.date() + timedelta(days=1)
    write(ledger, [Did(RUN, Amounts(cpu=1), state=RUNNING, went_on=1)])
    assert roll_up(ledger, next_day, LATER) == 0
    write(ledger, [Did(RUN, Amounts(cpu=5), went_on=1)])
    assert total(entries(ledger, ALL, LATER)).cpu == 5
    assert roll_up(ledger, next_day + timedelta(days=1), LATER) == 1


def test_old_rows_become_one_for_each_day_and_asset(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    for number in range(50):
        write(ledger, [Did("one", Amounts(cpu=number), (ASSETS[0],), run_id=f"r{number}")])
    assert roll_up(ledger, NOON.date(), LATER) == 0, "the day itself is not old yet"
    assert roll_up(ledger, NOON.date() + timedelta(days=1), LATER) == 50
    with ledger.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(STEPS)) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(DAYS)) == 1
    assert total(entries(ledger, ALL, LATER)).cpu == sum(range(50))


def test_credits_that_were_asked_for_before_their_day_was_rolled_up_count_once(
    tmp_path: Path,
) -> None:
    ledger, next_day = ledger_in(tmp_path), NOON + timedelta(days=1)
    read = [Credit(NOON, 5, idle=True), Credit(next_day, 2, idle=True)]
    for _ in range(2):
        ledger.replace_credits(NOON, next_day + timedelta(hours=1), read)
        assert total(entries(ledger, ALL, LATER)).credits == 7
        roll_up(ledger, next_day.date(), LATER)
        assert total(entries(ledger, ALL, LATER)).credits == 7


def test_two_that_roll_up_at_once_add_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, other, add = ledger_in(tmp_path), ledger_in(tmp_path), rolling_up._add
    write(ledger, [Did("one", Amounts(cpu=100), (ASSETS[0],))])
    sa.event.listen(other.engine, "checkout", lambda it, *_: it.execute("PRAGMA busy_timeout=0"))

    def meanwhile(connection: sa.Connection, found: Iterable[Entry]) -> None:
        read = list(found)
        monkeypatch.setattr(rolling_up, "_add", add)
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            roll_up(other, date(2025, 1, 1), LATER)
        add(connection, read)

    monkeypatch.setattr(rolling_up, "_add", meanwhile)
    assert roll_up(ledger, date(2025, 1, 1), LATER) == 1
    assert roll_up(other, date(2025, 1, 1), LATER) == 0
    assert total(entries(ledger, ALL, LATER)).cpu == 100


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_rows_that_are_rolled_up_while_they_are_read_count_once(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path / "file.sqlite") as address:
        ledger, other = Ledger(address), Ledger(address)
        ledger.keep_process("p", NOON.date(), "daemon", "", Amounts(cpu=100))
        with before_reading(ledger, "costs_days", lambda: roll_up(other, date(2025, 1, 1), LATER)):
            assert total(entries(ledger, ALL, LATER)).cpu == 100
        assert roll_up(other, date(2025, 1, 1), LATER) == 0
        ledger.engine.dispose()


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_the_ledger_is_the_same_in_each_database(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path / "file.sqlite") as address:
        ledger = Ledger(address)
        big = Amounts(*[2**61] * 5)
        did = [Did(RUN, Amounts(cpu=3)), Did("one", big, ASSETS, peak=2**40, durations=(1,) * 5)]
        for _ in range(2):
            write(ledger, did)
            ledger.keep_process("p", NOON.date(), "daemon", "", Amounts(cpu=1))
            hour = datetime(2024, 5, 31, 10, tzinfo=UTC)
            ledger.replace_credits(hour, hour + timedelta(hours=1), [Credit(hour, 5, idle=True)])
            ledger.keep_rates(NOON.date(), CARD.as_text())
        expected = big + Amounts(cpu=4, credits=5)
        assert total(entries(ledger, ALL, LATER)) == expected
        assert {day: RateCard.from_text(text) for day, text in ledger.rates().items()} == {
            NOON.date(): CARD
        }
        while roll_up(ledger, date(2025, 1, 1), LATER):
            pass
        assert total(entries(ledger, ALL, LATER)) == expected
        ledger.engine.dispose()
