"""Whatever somebody without the key does to the rows of a log is found, with the row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.audit.export import export, read
from sales_assets.platform.audit.keys import Keys
from sales_assets.platform.audit.log import AuditLog
from sales_assets.platform.audit.rows import NOTHING, Head, Row, sealed
from sales_assets.platform.audit.tables import TABLE
from sales_assets.platform.audit.verify import follow
from sales_assets_tests.platform.audit.written import (
    KEY,
    KINDS,
    OTHER_KEY,
    Owner,
    fill,
    intent,
    new_log,
    opened,
)

OPERATIONS = 5


def faults(log: AuditLog, head: Head | None = None, start: Head = NOTHING) -> list[str]:
    """What a verification says of the rows."""
    done = log.verify(head, start=start)
    assert done.found == len(done.findings)
    return [str(finding) for finding in done.findings]


@pytest.fixture(params=KINDS)
def tampered(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[AuditLog, Owner, Head]]:
    """A log of ten rows without triggers, its owner, and its head as it was published."""
    with new_log(request.param, tmp_path) as (url, log):
        fill(log, OPERATIONS)
        owner = Owner(url)
        owner.drop_triggers()
        yield log, owner, log.head()


Tampered = tuple[AuditLog, Owner, Head]


def test_a_changed_row_is_found_alone(tampered: Tampered) -> None:
    log, owner, head = tampered
    owner.set(3, user_name="somebody else")
    assert faults(log, head) == [
        "row 3: changed, or put in by somebody without the key: its seal is wrong"
    ]


def test_a_changed_seal_is_found_alone(tampered: Tampered) -> None:
    log, owner, head = tampered
    owner.set(4, hash="ab" * 32)
    assert faults(log, head) == [
        "row 4: changed, or put in by somebody without the key: its seal is wrong"
    ]


def test_rows_gone_from_the_middle_are_found(tampered: Tampered) -> None:
    log, owner, head = tampered
    owner.run("DELETE FROM audit_log WHERE number IN (4, 5)")
    assert faults(log, head) == ["rows 4-5: missing: removed, or given other numbers"]


def test_a_row_gone_whose_followers_moved_up_is_found(tampered: Tampered) -> None:
    log, owner, head = tampered
    owner.run("DELETE FROM audit_log WHERE number = 4")
    for number in range(5, 11):
        owner.run(f"UPDATE audit_log SET number = {number - 1} WHERE number = {number}")
    told = faults(log, head)
    assert told[-2:] == [
        "rows 5-9: moved: it was written as the row 1 after this one",
        "row 10: missing: row 10 was published as the log's head",
    ]
    assert told[0].startswith("row 4: moved")


def test_rows_gone_from_the_end_are_found_by_a_published_head_alone(tampered: Tampered) -> None:
    log, owner, head = tampered
    owner.run("DELETE FROM audit_log WHERE number > 7")
    assert faults(log) == []
    assert faults(log, head) == ["rows 8-10: missing: row 10 was published as the log's head"]
    owner.run("DELETE FROM audit_log")
    assert faults(log, head) == ["rows 1-10: missing: row 10 was published as the log's head"]


def test_exchanged_rows_are_found(tampered: Tampered) -> None:
    log, owner, head = tampered
    owner.run(
        "UPDATE audit_log SET number = 99 WHERE number = 5",
        "UPDATE audit_log SET number = 5 WHERE number = 6",
        "UPDATE audit_log SET number = 6 WHERE number = 99",
    )
    told = faults(log, head)
    assert "row 5: moved: it was written as the row 1 after this one" in told
    assert "row 6: moved: it was written as the row 1 before this one" in told


@pytest.mark.parametrize("number", [-1, 0, 11, 15])
def test_a_row_put_in_is_found(tampered: Tampered, number: int) -> None:
    log, owner, head = tampered
    forged = owner.row(9) | {"number": number, "about": None, "previous": head.hash}
    with owner.engine.begin() as connection:
        connection.execute(sa.insert(TABLE), forged)
    told = faults(log, head)
    assert any(one.startswith(f"row {number}: ") for one in told)
    assert len(told) <= 3


def test_a_row_sealed_with_a_key_of_somebody_s_own_is_found(tampered: Tampered) -> None:
    log, owner, head = tampered
    last = owner.row(10)
    own = Row(**last | {"number": 11, "about": None, "previous": last["hash"], "hash": ""})
    for key_id in (own.key_id, Keys(OTHER_KEY).current_id):
        forged = sealed(replace(own, key_id=key_id), OTHER_KEY)
        with owner.engine.begin() as connection:
            connection.execute(sa.insert(TABLE), asdict(forged))
        (told,) = faults(log, head)
        assert told.startswith("row 11: ")
        owner.run("DELETE FROM audit_log WHERE number = 11")


def test_a_log_written_anew_by_somebody_with_the_key_is_found_by_a_published_head(
    tampered: Tampered,
) -> None:
    log, owner, head = tampered
    owner.run("DELETE FROM audit_log")
    for number in range(OPERATIONS + 1):
        log.conclude(log.intend(intent("nobody", request_id=str(number))), Outcome.SUCCEEDED)
    assert faults(log) == []
    (told,) = faults(log, head)
    assert told.startswith("row 10: its seal is ")
    assert "written anew" in told


def test_with_the_wrong_key_the_whole_log_is_told_as_one(tampered: Tampered) -> None:
    _, owner, _ = tampered
    with opened(str(owner.engine.url.render_as_string(False)), OTHER_KEY, write=False) as other:
        (told,) = faults(other)
    assert told.startswith("rows 1-10: sealed with the key")
    assert "AUDIT_OLD_KEYS" in told


def test_a_row_from_which_on_all_counts_hides_only_what_was_before(tampered: Tampered) -> None:
    log, owner, head = tampered
    settled = Head(4, owner.row(4)["hash"])
    owner.set(2, detail="settled long ago")
    assert faults(log)
    assert faults(log, head, settled) == []
    owner.set(6, detail="today")
    assert [one[:6] for one in faults(log, head, settled)] == ["row 6:"]
    owner.set(4, hash="cd" * 32)
    assert any("row 4: its seal is" in one for one in faults(log, head, settled))
    owner.run("DELETE FROM audit_log WHERE number = 4")
    assert "row 4: missing: its seal was published" in faults(log, head, settled)


def test_an_intent_whose_process_died_is_told_and_breaks_nothing(
    tampered: Tampered, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, _, head = tampered
    number = log.intend(intent())
    assert log.verify(head).unconcluded == []
    monkeypatch.setattr("sales_assets.platform.audit.log.UNKNOWN_AFTER", timedelta(0))
    done = log.verify(head)
    assert (done.unconcluded, done.unconcluded_count) == ([number], 1)
    assert not done.found


def test_an_export_is_verified_without_the_database(tampered: Tampered, tmp_path: Path) -> None:
    log, _, head = tampered
    file = tmp_path / "export.jsonl"
    assert export(log.rows(), file) == head
    assert follow(read(file), Keys(KEY), head=head).is_intact
    lines = file.read_text().splitlines(keepends=True)
    for wrong in (lines[:3] + lines[4:], lines[:-1], [lines[0], *lines], lines[::-1]):
        file.write_text("".join(wrong))
        assert not follow(read(file), Keys(KEY), head=head).is_intact


def test_rows_whose_arguments_were_hashed_otherwise_before_still_verify(tmp_path: Path) -> None:
    with new_log("SQLite", tmp_path) as (_, log):
        fill(log, 1)
        told, ended = log.rows()
    before = sealed(replace(told, arguments=hashlib.sha256(b"{}").hexdigest()), KEY)
    after = sealed(replace(ended, previous=before.hash), KEY)
    assert before.arguments != told.arguments
    done = follow([before, after], Keys(KEY), head=Head(2, after.hash))
    assert (done.rows, done.findings) == (2, [])
