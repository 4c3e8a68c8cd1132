"""The audit log keeps what it is told, in order, and lets nobody change it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from sales_assets.errors import PermanentError, TransientError, UsageError
from sales_assets.platform.audit import database as audit_database
from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.audit.log import AuditLog
from sales_assets.platform.audit.operations import Ended, Wanted
from sales_assets.platform.audit.rows import NOTHING, Row, harmless, seal
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
from sales_assets_tests.services import POSTGRES, postgres_database

pytestmark = pytest.mark.parametrize("kind", KINDS)


def test_an_operation_is_two_rows_that_another_connection_sees_at_once(
    kind: str, tmp_path: Path
) -> None:
    with new_log(kind, tmp_path) as (url, log), opened(url) as reader:
        assert reader.head() == NOTHING
        number = log.intend(intent())
        (row,) = reader.rows()
        assert (row.number, row.kind, row.user_name, row.outcome) == (
            *(number, "intent"),
            *("ann@example.com", None),
        )
        log.conclude(number, Outcome.DENIED, "a viewer")
        (_, ended) = reader.rows()
        assert (ended.number, ended.kind, ended.about) == (2, "outcome", 1)
        assert (ended.outcome, ended.detail, ended.user_name) == ("denied", "a viewer", None)
        assert ended.previous == row.hash
        assert reader.verify(log.head()).is_intact


def test_no_row_can_be_changed_removed_or_put_in_between(kind: str, tmp_path: Path) -> None:
    with new_log(kind, tmp_path) as (url, log):
        fill(log, 2)
        owner, head = Owner(url), log.head()
        copied = "SELECT {}, time, kind, {}, user_name, team, address, request_id, operation, "
        copied += "target, arguments, outcome, detail, key_id, previous, hash FROM audit_log "
        replaced = "INSERT OR REPLACE INTO audit_log " + copied
        attempts = [
            "UPDATE audit_log SET user_name = 'eve'",
            "UPDATE audit_log SET user_name = 'eve' WHERE number = 2",
            "DELETE FROM audit_log",
            "DELETE FROM audit_log WHERE number = 4",
            "INSERT INTO audit_log " + copied.format(9, "NULL") + "WHERE number = 4",
        ]
        attempts += (
            ["TRUNCATE audit_log", "SET session_replication_role = replica; DELETE FROM audit_log"]
            if kind == "PostgreSQL"
            else [
                replaced.format("number", "about") + "WHERE number = 4",
                replaced.format(5, "about") + "WHERE number = 4",
            ]
        )
        for attempt in attempts:
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                owner.run(attempt)
        assert log.verify(head).is_intact
        assert log.head() == head


def test_an_outcome_is_told_once_and_of_an_intent_alone(kind: str, tmp_path: Path) -> None:
    with new_log(kind, tmp_path) as (_, log):
        number = log.intend(intent())
        log.conclude(number, Outcome.SUCCEEDED)
        log.conclude(number, Outcome.SUCCEEDED, "told again after an answer got lost")
        assert log.head().number == 2
        with pytest.raises(PermanentError, match="has ended as succeeded already"):
            log.conclude(number, Outcome.FAILED)
        for no_intent in (2, 3):
            with pytest.raises(PermanentError, match=f"row {no_intent} is no intent"):
                log.conclude(no_intent, Outcome.SUCCEEDED)
        assert log.verify().is_intact


def test_texts_are_bounded_and_forge_neither_lines_nor_rows(kind: str, tmp_path: Path) -> None:
    strange = "eve\n9 ann\x1b[2J\x00\u202e\ud800 " + "x" * 100_000
    with new_log(kind, tmp_path) as (_, log):
        number = log.intend(
            intent(strange, **dict.fromkeys(("team", "address", "target", "operation"), strange))
        )
        log.conclude(number, Outcome.FAILED, strange)
        told, ended = log.rows()
        for text in (told.user_name, told.team, told.address, told.target, ended.detail):
            assert text is not None
            assert text.isprintable()
            assert len(text) <= 6_400
            assert text.startswith(r"eve\n9 ann\x1b[2J\x00\u202e\ud800 ")
            assert text.endswith("…")
        assert log.verify().is_intact


def test_arguments_are_kept_as_a_hash_and_never_as_they_are(kind: str, tmp_path: Path) -> None:
    arguments = {"runConfigData": {"password": "swordfish"}, "steps": None}
    with new_log(kind, tmp_path) as (_, log):
        given = intent(arguments=arguments)
        log.intend(given)
        log.intend(intent(arguments=dict(reversed(arguments.items()))))
        log.intend(intent(arguments={**arguments, "steps": []}))
        first, equal, other = (row.arguments for row in log.rows())
        assert first == equal != other, "equal arguments can be told by their hashes"
        assert "swordfish" not in f"{given} {[asdict(row) for row in log.rows()]}"
        if kind == "SQLite":
            kept = b"".join(file.read_bytes() for file in tmp_path.glob("audit.sqlite*"))
            assert str(first).encode() in kept
            assert b"swordfish" not in kept


def test_nobody_without_the_key_can_try_out_what_arguments_were(kind: str, tmp_path: Path) -> None:
    arguments = {"pin": "1234"}
    canonical = json.dumps(arguments, separators=(",", ":")).encode()
    hashes = {hashlib.sha256(canonical).hexdigest()}
    with new_log(kind, tmp_path) as (url, log):
        log.intend(intent(arguments=arguments))
        with opened(url, OTHER_KEY, KEY) as other:
            other.intend(intent(arguments=arguments))
        hashes |= {str(row.arguments) for row in log.rows()}
    assert len(hashes) == 3, "each key has another one, and none is the plain one"


def test_a_writer_with_an_unknown_key_is_refused_and_a_replaced_one_goes_on(
    kind: str, tmp_path: Path
) -> None:
    with new_log(kind, tmp_path) as (url, log):
        fill(log, 1)
        with pytest.raises(PermanentError, match="SALES_ASSETS_AUDIT_OLD_KEYS"):
            AuditLog.open(url, OTHER_KEY)
        with opened(url, OTHER_KEY, KEY) as rotated:
            fill(rotated, 1)
            assert rotated.verify(log.head()).is_intact
            assert len({row.key_id for row in rotated.rows()}) == 2
        with opened(url, KEY, write=False) as behind:
            (told,) = behind.verify().told()
            assert told.startswith("rows 3-4: sealed with the key")
        with pytest.raises(UsageError, match="shorter than 32 bytes"):
            AuditLog.open(url, b"short")


def test_triggers_that_are_gone_are_told_and_made_again_by_the_next_writer(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with new_log(kind, tmp_path) as (url, log):
        fill(log, 1)
        Owner(url).drop_triggers()
        with opened(url, write=False) as reader:
            done = reader.verify()
            assert not done.is_intact
            assert not done.found
            assert "rows can be changed" in done.told()[0]
        with opened(url) as writer:
            assert writer.verify().is_intact
        assert "has them again" in caplog.text


def test_without_its_database_nothing_is_intended_and_afterwards_it_is_again(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "SQLite":
        monkeypatch.setattr(audit_database, "WAIT_SECONDS", 0.1)
        with new_log(kind, tmp_path) as (_, log):
            fill(log, 1)
            other = sqlite3.connect(tmp_path / "audit.sqlite", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TransientError, match="locked"):
                log.intend(intent())
            other.execute("ROLLBACK")
            other.close()
            assert log.intend(intent()) == 3
        return
    with postgres_database() as url, opened(url) as log:
        fill(log, 1)
        name = sa.make_url(url).database
        server = sa.create_engine(
            f"{POSTGRES}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        with server.connect() as connection:
            ended = sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            )
            connection.execute(ended, {"name": name})
            assert log.intend(intent()) == 3, "a connection that was lost is made again"
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute(ended, {"name": name})
            for _ in range(2):
                with pytest.raises(TransientError, match="cannot be written now") as refused:
                    log.intend(intent())
            assert "postgres@" not in str(refused.value)
            with pytest.raises(TransientError):
                AuditLog.open(url, KEY)
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        log.conclude(3, Outcome.SUCCEEDED)
        assert log.intend(intent()) == 5
        assert log.verify().is_intact


def test_a_turn_that_does_not_come_ends_as_an_error(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_log(kind, tmp_path) as (url, log), opened(url) as other:
        with monkeypatch.context() as hurried, log._writing("written"):
            hurried.setattr(audit_database, "WAIT_SECONDS", 0.1)
            hurried.setattr("sales_assets.platform.audit.log.WAIT_SECONDS", 0.1)
            with pytest.raises(TransientError, match="others have kept it"):
                log.intend(intent())
            if kind == "PostgreSQL":
                with pytest.raises(TransientError, match="timeout"):
                    other.intend(intent())
        assert log.intend(intent()) == 1


def test_operations_are_found_by_all_that_was_told_the_newest_last(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_log(kind, tmp_path) as (_, log):
        fill(log, 4)
        log.intend(intent("eve@example.com", team=None, operation="sign-in"))
        every = log.operations(Wanted())
        assert [one.number for one in every] == ["1", "3", "5", "7", "9"]
        assert [one.outcome for one in every[3:]] == ["succeeded", "under-way"]
        assert (every[4].team, every[4].ended, every[0].detail) == ("", "", "run 0")
        for wanted, numbers in (
            (Wanted(limit=2), ["7", "9"]),
            (Wanted(user="person0@example.com"), ["1", "7"]),
            (Wanted(team="retail", operation="launchRun", limit=1), ["7"]),
            (Wanted(outcome=Ended.UNDER_WAY), ["9"]),
            (Wanted(operation="sign-in' OR 1=1 --"), []),
        ):
            assert [one.number for one in log.operations(wanted)] == numbers
        middle = log.operations(Wanted(user="person2@example.com"))[0]
        moment = datetime.fromisoformat(middle.time)
        assert [one.number for one in log.operations(Wanted(since=moment))] == ["5", "7", "9"]
        assert [one.number for one in log.operations(Wanted(until=moment))] == ["1", "3"]
        assert log.count_by_outcome(Wanted()) == {"succeeded": 4, "under-way": 1}


def test_what_touched_several_teams_is_found_by_each_of_them(kind: str, tmp_path: Path) -> None:
    with new_log(kind, tmp_path) as (_, log):
        fill(log, 4)
        log.intend(intent(team="analytics,retail,web", operation="wipeAssets"))
        for team, found in (
            ("analytics", 1),
            ("web", 1),
            ("retail", 5),
            *((other, 0) for other in ("tail", "retai_", "retail%", "%", "")),
        ):
            assert len(log.operations(Wanted(team=team))) == found, team
            assert sum(log.count_by_outcome(Wanted(team=team)).values()) == found, team
        many = [f"team_{number:058}" for number in range(100)]
        log.intend(intent(team=",".join(many), operation="wipeAssets"))
        assert all(len(log.operations(Wanted(team=one))) == 1 for one in (many[0], many[-1]))


def test_the_seal_is_the_same_in_both_databases(kind: str, tmp_path: Path) -> None:
    with new_log(kind, tmp_path) as (_, log):
        fill(log, 1)
        for row in log.rows():
            assert Row(**asdict(row)) == row
            assert seal(row, KEY) == row.hash
            assert harmless(row.time) == row.time
