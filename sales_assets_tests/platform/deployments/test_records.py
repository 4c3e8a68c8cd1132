from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.records import (
    Record,
    Release,
    Server,
    read_record,
    recorded_teams,
    write_record,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _release(number: int) -> Release:
    return Release(
        number=number,
        ref=f"v{number}",
        commit="c" * 40,
        repository="/r",
        module="m",
        attribute="defs",
        folder=Path(f"/releases/{number}"),
        python=Path("/python"),
        made_at=NOW,
    )


def _server(number: int, place: int) -> Server:
    return Server(
        pid=place, socket=Path(f"/s/{place}"), log=Path("/log"), release=number, since=NOW
    )


def _deployed(record: Record, number: int, place: int) -> Record:
    known = [one.number for one in record.releases]
    release = () if number in known else (_release(number),)
    made = record.model_copy(update={"releases": (*record.releases, *release)})
    return made.served_by(_server(number, place), (*record.served, number), NOW)


@given(st.integers(2, 4), st.lists(st.sampled_from(["deploy", "back", "ended", "stop"])))
def test_whatever_is_done_what_serves_or_leaves_or_may_come_back_is_kept(
    keep: int, steps: list[str]
) -> None:
    record = Record(team="alpha")
    for place, step in enumerate(steps):
        if step == "deploy":
            record = _deployed(record, record.next_number(0), place)
        elif step == "back" and len(record.served) > 1:
            served = record.served[:-1]
            record = record.served_by(_server(served[-1], place), served, NOW)
        elif step == "ended" and record.leaving:
            record = record.without({record.leaving[0].socket})
        elif step == "stop":
            record = record.stopped(NOW)
        before, record = record, record.pruned(keep)
        numbers = {release.number for release in record.releases}
        assert {server.release for server in record.servers} <= numbers
        assert set(record.served) <= numbers
        assert record.served[-keep:] == before.served[-keep:]
        assert record.servers == before.servers
        leaving = {server.release for server in record.servers}
        assert len(numbers - leaving) <= keep
        assert (record.latest is None) == (not record.served)


def test_a_record_is_read_as_it_was_written_and_nobody_else_may_look(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    assert recorded_teams(folders) == []
    record = _deployed(_deployed(Record(team="alpha"), 1, 1), 2, 2)
    write_record(folders, record)
    assert read_record(folders, "alpha") == record
    assert read_record(folders, "beta") == Record(team="beta")
    assert recorded_teams(folders) == ["alpha"]
    assert folders.record("alpha").parent.stat().st_mode & 0o077 == 0


def test_a_record_that_cannot_be_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    file = Folders(tmp_path).record("alpha")
    file.write_text("{")
    with pytest.raises(PermanentError, match="restore it, or remove it"):
        read_record(Folders(tmp_path), "alpha")
