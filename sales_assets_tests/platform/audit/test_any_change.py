"""Any single change of any row of a log is found, and different rows have different seals."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sales_assets.platform.audit.keys import Keys
from sales_assets.platform.audit.log import AuditLog
from sales_assets.platform.audit.rows import FIELDS, GENESIS, Head, Row, seal, sealed
from sales_assets.platform.audit.tables import TABLE
from sales_assets.platform.audit.verify import SHOWN, follow
from sales_assets_tests.platform.audit.written import (
    KEY,
    KINDS,
    Owner,
    fill,
    new_log,
)

OPERATIONS = 5


class Kept:
    """A log that stays for many examples."""

    def __init__(self, log: AuditLog, owner: Owner) -> None:
        self.log, self.owner = log, owner
        self.rows = [asdict(row) for row in log.rows()]
        self.head = log.head()

    def restore(self, row: dict[str, Any]) -> None:
        """Bring a row back as it was, whatever its number is now."""
        others = ", ".join(str(one["number"]) for one in self.rows if one is not row)
        with self.owner.engine.begin() as connection:
            connection.execute(sa.text(f"DELETE FROM audit_log WHERE number NOT IN ({others})"))
            connection.execute(sa.insert(TABLE), row)


@pytest.fixture(scope="module", params=KINDS)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kept]:
    """A log of ten rows without triggers."""
    with new_log(request.param, tmp_path_factory.mktemp("kept")) as (url, log):
        fill(log, OPERATIONS)
        owner = Owner(url)
        owner.drop_triggers()
        yield Kept(log, owner)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


def values_of(name: str) -> st.SearchStrategy[Any]:
    """What the column of a field takes."""
    values: st.SearchStrategy[Any] = st.integers(-3, 30) if name in {"number", "about"} else TEXTS
    return st.one_of(values, st.none()) if TABLE.c[name].nullable else values


def changed(data: st.DataObject, row: dict[str, Any]) -> tuple[str, Any]:
    """A field of a row and what somebody sets it to: anything else, often something near."""
    name = data.draw(st.sampled_from(FIELDS))
    values, old = values_of(name), row[name]
    if isinstance(old, str):
        near = [old + " ", old[1:], old[::-1], old.swapcase(), "0" + old]
        values |= st.sampled_from(near)
    return name, data.draw(values.filter(lambda value: value != old))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_change_of_any_field_of_any_row_is_found(kept: Kept, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(kept.rows))
    name, value = changed(data, row)
    try:
        kept.owner.set(row["number"], **{name: value})
    except sa.exc.IntegrityError:
        assume(False)  # another row has this number
    try:
        assert kept.log.verify(kept.head).found
    finally:
        kept.restore(row)
    assert not kept.log.verify(kept.head).found


def chain(length: int) -> Iterator[Row]:
    """Rows as a log would have them, alternately intents and outcomes."""
    previous = GENESIS
    for number in range(1, length + 1):
        fields: dict[str, Any] = dict.fromkeys(FIELDS)
        fields |= {"number": number, "time": f"{number}", "previous": previous, "hash": ""}
        if number % 2:
            fields |= {"kind": "intent", "user_name": "ann"}
        else:
            fields |= {"kind": "outcome", "about": number - 1, "outcome": "denied", "detail": ""}
        row = sealed(Row(**fields | {"key_id": Keys(KEY).current_id}), KEY)
        previous = row.hash
        yield row


CHAIN = list(chain(50))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_change_of_a_chain_is_found(data: st.DataObject) -> None:
    rows = list(CHAIN[:10])
    at = data.draw(st.integers(0, 9))
    match data.draw(st.sampled_from(["field", "gone", "end gone", "again", "exchanged"])):
        case "field":
            name, value = changed(data, asdict(rows[at]))
            rows[at] = replace(rows[at], **{name: value})
            rows.sort(key=lambda row: row.number)
        case "gone":
            del rows[at]
        case "end gone":
            del rows[at:]
        case "again":
            rows.insert(data.draw(st.integers(0, 9)), rows[at])
        case _:
            other = data.draw(st.integers(0, 9).filter(lambda other: other != at))
            one, two = rows[at], rows[other]
            rows[at] = replace(two, number=one.number)
            rows[other] = replace(one, number=two.number)
    done = follow(rows, Keys(KEY), head=Head(10, CHAIN[9].hash))
    assert done.found
    assert len(done.told()) == done.found


def test_no_more_findings_are_kept_than_are_told_and_all_are_counted() -> None:
    rows = [replace(row, detail="changed") if row.number % 2 else row for row in CHAIN]
    done = follow(rows, Keys(KEY))
    assert (done.found, len(done.findings)) == (25, SHOWN)
    assert done.told()[-1] == f"{25 - SHOWN} more"


def test_no_type_or_bytes_that_sqlite_takes_hide_a_row(tmp_path: Path) -> None:
    with new_log("SQLite", tmp_path) as (url, log):
        fill(log, 1)
        owner = Owner(url)
        owner.drop_triggers()
        kept = Kept(log, owner)
        for value in ("CAST(x'ff00fe' AS TEXT)", "CAST(user_name AS BLOB)", "x''", "1.5", "7"):
            owner.run(f"UPDATE audit_log SET user_name = {value} WHERE number = 1")
            assert [one.first for one in log.verify(log.head()).findings] == [1]
            kept.restore(kept.rows[0])
        owner.run("UPDATE audit_log SET about = 1.5 WHERE number = 2")
        assert [one.first for one in log.verify().findings] == [2]


ROWS = st.builds(
    Row,
    **{
        name: st.integers(0, 3)
        if name == "number"
        else st.none() | st.integers(0, 3)
        if name == "about"
        else st.sampled_from(["", "a", '"', '","', "1", "null", "\\", "ä", "\ud800"])
        for name in FIELDS
    },
)


@given(one=ROWS, other=ROWS)
def test_different_rows_have_different_seals(one: Row, other: Row) -> None:
    same = replace(one, hash="") == replace(other, hash="")
    assert (seal(one, KEY) == seal(other, KEY)) == same


def test_a_long_log_streams_through() -> None:
    tracemalloc.start()
    done = follow(chain(3_000), Keys(KEY))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.rows, done.is_intact) == (3_000, True)
    assert peak < 200_000, "3,000 rows take more than 2 MB"
