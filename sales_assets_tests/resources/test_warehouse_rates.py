"""Exchange rates in the embedded warehouse, against a model that tries every publication."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.partitions import DAY, Window
from sales_assets.resources import sql_rates
from sales_assets.resources.duckdb_file import _create_tables
from sales_assets.resources.duckdb_session import DuckDBSession
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.session import Session
from sales_assets.resources.sql_rates import REACH, VALID, replace_rates
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import LoadedRates, RateLoad, ValidRate
from sales_assets_tests.resources.processes import PROCESSES

RATE_TABLES = ("exchange_rates", "quarantined_rates", "rate_days")
FRIDAY, SATURDAY, MONDAY, TUESDAY = (date(2024, 1, day) for day in (5, 6, 8, 9))
WEEK = Window(FRIDAY, date(2024, 1, 12))
ONE, TWO = Decimal("1.0946"), Decimal("1.2")
JUMP = (MONDAY, "USD", "10.9", "900 % off", "key")


def loading(
    rates: Mapping[date, Decimal],
    days: tuple[date, ...] = (),
    quarantined: tuple[tuple[date, str, str, str, str], ...] = (),
) -> RateLoad:
    """Rates of the dollar, quarantined ones of any currency, and known days."""
    return RateLoad(
        [(day, "USD", rate, f"key of {day}") for day, rate in rates.items()],
        quarantined,
        [(day, day) for day in days],
    )


def tables(warehouse: SqlWarehouse) -> dict[str, list[tuple[Any, ...]]]:
    return {name: sorted(warehouse.rows(f"SELECT * FROM {name}")) for name in RATE_TABLES}


def test_rates_are_kept_to_the_digit_with_the_object_that_they_are_from(
    warehouse: SqlWarehouse,
) -> None:
    digits = [Decimal(text) for text in ("0.000001", "999999999999.999999", "1E+2", "157.5")]
    rates = {FRIDAY + timedelta(days=n): rate for n, rate in enumerate(digits)}
    warehouse.replace_rates(loading(rates))
    found = warehouse.rows("SELECT rate_date, rate FROM exchange_rates ORDER BY rate_date")
    assert found == sorted(rates.items())
    assert warehouse.rows("SELECT object_key FROM exchange_rates ORDER BY rate_date LIMIT 1") == [
        (f"key of {FRIDAY}",)
    ]
    assert warehouse.rates_before(FRIDAY + DAY) == {"USD": (FRIDAY, digits[0])}
    assert warehouse.rates_before(FRIDAY) == {}


def test_a_publication_is_valid_until_the_next_one_on_known_days_only(
    warehouse: SqlWarehouse,
) -> None:
    warehouse.replace_rates(loading({FRIDAY: ONE, MONDAY: TWO}, (FRIDAY, SATURDAY, TUESDAY)))
    assert warehouse.valid_rates(WEEK) == {
        FRIDAY: {"USD": ValidRate(FRIDAY, ONE)},
        SATURDAY: {"USD": ValidRate(FRIDAY, ONE)},
        TUESDAY: {"USD": ValidRate(MONDAY, TWO)},
    }


def test_a_rate_that_an_answer_lacks_stays(warehouse: SqlWarehouse) -> None:
    warehouse.replace_rates(loading({FRIDAY: ONE, MONDAY: ONE}, (FRIDAY, MONDAY)))
    assert warehouse.replace_rates(loading({MONDAY: ONE}, (FRIDAY, MONDAY))).changed_days == []
    assert warehouse.rows("SELECT rate_date FROM exchange_rates ORDER BY 1") == [
        (FRIDAY,),
        (MONDAY,),
    ]


def test_days_that_get_another_rate_are_found_and_new_days_are_none(
    warehouse: SqlWarehouse,
) -> None:
    days = (FRIDAY, SATURDAY, MONDAY, TUESDAY)
    assert warehouse.replace_rates(loading({FRIDAY: ONE}, days[:3])).changed_days == []
    late = warehouse.replace_rates(loading({MONDAY: TWO}, (TUESDAY,)))
    assert late.changed_days == [MONDAY]
    corrected = warehouse.replace_rates(loading({FRIDAY: TWO}, (FRIDAY,)))
    assert corrected.changed_days == [FRIDAY, SATURDAY]
    assert warehouse.replace_rates(loading({FRIDAY: TWO}, days)).changed_days == []
    assert warehouse.replace_rates(loading({})).changed_days == []


def test_what_is_put_aside_is_unseen_once_and_again_when_it_is_another(
    warehouse: SqlWarehouse,
) -> None:
    aside = loading({}, (), (JUMP,))
    assert warehouse.replace_rates(aside).quarantined == [JUMP[:4]]
    before = tables(warehouse)
    assert warehouse.replace_rates(aside).quarantined == []
    assert tables(warehouse) == before  # with the time when it was seen first

    other = (MONDAY, "USD", "11", "905 % off", "key")
    assert warehouse.replace_rates(loading({}, (), (other,))).quarantined == [other[:4]]
    assert warehouse.quarantined_rates() == [other[:4]]


def test_a_good_rate_ends_its_own_quarantine_only(warehouse: SqlWarehouse) -> None:
    others = ((MONDAY, "GBP", "", "missing", "key"), (TUESDAY, "USD", "0", "zero", "key"))
    warehouse.replace_rates(loading({}, (), (JUMP, *others)))
    warehouse.replace_rates(loading({MONDAY: ONE}))
    assert warehouse.quarantined_rates() == [other[:4] for other in others]


class _BrokenError(Exception):
    pass


@pytest.mark.parametrize("step", range(1, 5))
def test_an_error_in_the_middle_leaves_everything_as_it_was(
    warehouse: SqlWarehouse, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    warehouse.replace_rates(loading({FRIDAY: ONE}, (FRIDAY,), (JUMP,)))
    before = tables(warehouse)
    _break_at(monkeypatch, step)
    with pytest.raises(_BrokenError):
        warehouse.replace_rates(loading({FRIDAY: TWO, MONDAY: TWO}, (FRIDAY, MONDAY)))
    assert tables(warehouse) == before
    monkeypatch.undo()
    warehouse.replace_rates(loading({FRIDAY: TWO, MONDAY: TWO}, (FRIDAY, MONDAY)))
    assert warehouse.valid_rates(WEEK)[FRIDAY] == {"USD": ValidRate(FRIDAY, TWO)}


def test_a_kill_in_the_middle_leaves_everything_as_it_was(embedded: DuckDBWarehouse) -> None:
    embedded.replace_rates(loading({FRIDAY: ONE}, (FRIDAY,), (JUMP,)))
    before = tables(embedded)
    process = PROCESSES.Process(target=_die_loading, args=(embedded.path,))
    process.start()
    process.join(120)
    assert process.exitcode == 9
    assert tables(embedded) == before


@pytest.mark.parametrize("writing", [False, True])
def test_a_warehouse_of_an_earlier_version_gets_the_tables(
    embedded: DuckDBWarehouse, writing: bool
) -> None:
    embedded.rows("SELECT 1")
    with duckdb.connect(embedded.path) as connection:
        connection.execute("INSERT INTO ledger (source) VALUES ('tests/shop')")
        for name in RATE_TABLES:
            connection.execute(f"DROP TABLE {name}")
    later = DuckDBWarehouse(path=embedded.path, lock_timeout=60)
    if writing:
        later.replace_rates(loading({FRIDAY: ONE}, (FRIDAY,)))
    else:
        assert (later.valid_rates(WEEK), later.quarantined_rates()) == ({}, [])
    assert tables(later)["exchange_rates"] == embedded.rows("FROM exchange_rates")
    assert later.rows("SELECT source FROM ledger") == [("tests/shop",)]


FIRST = date(2024, 1, 1)
DATES = st.integers(0, 75).map(lambda n: FIRST + timedelta(days=n))
LOADS = st.builds(
    lambda rates, days: RateLoad(
        [(day, code, rate, "key") for (day, code), rate in rates.items()],
        [],
        [(day, day) for day in sorted(days)],
    ),
    st.dictionaries(
        st.tuples(DATES, st.sampled_from(["GBP", "USD"])),
        st.sampled_from([ONE, TWO, Decimal(3)]),
        max_size=6,
    ),
    st.sets(DATES, max_size=8),
)


class Model:
    """What the tables should hold, and what is valid by trying every publication."""

    def __init__(self) -> None:
        self.rates: dict[tuple[date, str], Decimal] = {}
        self.days: set[date] = set()

    def add(self, load: RateLoad) -> None:
        self.rates |= {(day, code): rate for day, code, rate, _ in load.rates}
        self.days |= {day for day, _ in load.days}

    def valid(self, day: date) -> dict[str, tuple[date, Decimal]]:
        reach = {
            code: max(at for at, c in self.rates if c == code and day - REACH <= at <= day)
            for at, code in self.rates
            if day - REACH <= at <= day
        }
        return {code: (at, self.rates[at, code]) for code, at in reach.items()}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        _create_tables(opened)
        yield opened


@settings(max_examples=60, deadline=None)
@given(loads=st.lists(LOADS, min_size=1, max_size=4))
@example(
    loads=[  # a late publication, valid for the last time
        loading({}, (FIRST + REACH, FIRST + REACH + DAY)),
        loading({FIRST: ONE}),
    ]
)
def test_the_valid_rate_is_the_last_one_on_or_before_and_every_change_of_it_is_told(
    connection: duckdb.DuckDBPyConnection, loads: list[RateLoad]
) -> None:
    for table in RATE_TABLES:
        connection.execute(f"DELETE FROM {table}")
    model = Model()
    for load in loads:
        known = {day: model.valid(day) for day in model.days}
        told = replace_rates(DuckDBSession(connection), load)
        model.add(load)
        changed = sorted(day for day, was in known.items() if was != model.valid(day))
        assert told == LoadedRates(changed, [])
        found: dict[date, dict[str, tuple[date, Decimal]]] = {}
        for day, code, at, rate in connection.execute(
            VALID, [FIRST, FIRST + timedelta(days=120)]
        ).fetchall():
            found.setdefault(day, {})[code] = (at, rate)
        assert found == {day: valid for day in model.days if (valid := model.valid(day))}


def _break_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Let the step-th deletion of a load raise; each comes before what it makes room for."""
    delete, seen = sql_rates._delete, []

    def broken(*arguments: Any) -> None:
        seen.append(1)
        if len(seen) == step:
            raise _BrokenError
        delete(*arguments)

    monkeypatch.setattr(sql_rates, "_delete", broken)


def _die_loading(path: str) -> None:
    delete = sql_rates._delete

    def dying(session: Session, table: str, key: str, keys: str) -> None:
        delete(session, table, key, keys)
        if table == "rate_days":
            os._exit(9)

    sql_rates._delete = dying
    warehouse = DuckDBWarehouse(path=path, lock_timeout=60)
    warehouse.replace_rates(loading({FRIDAY: TWO, MONDAY: TWO}, (FRIDAY, MONDAY)))
