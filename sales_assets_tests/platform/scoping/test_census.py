"""The look at the storages is renewed by one request, and the others do not wait for it."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from dagster import DagsterInstance

from sales_assets.platform.scoping import census
from sales_assets.platform.scoping.census import Census, Held

NEW, OLD = Held(locations=frozenset({"new"})), Held(locations=frozenset({"old"}))
INSTANCE = cast("DagsterInstance", None)


@pytest.mark.parametrize(("age", "given"), [(30, OLD), (90, OLD), (150, NEW)])
def test_others_have_the_old_look_meanwhile_unless_it_is_stale(
    monkeypatch: pytest.MonkeyPatch, age: float, given: Held
) -> None:
    one = Census(cast("Any", None))
    looking, may_end = threading.Event(), threading.Event()

    def look(_: Census, __: DagsterInstance) -> Held:
        looking.set()
        assert may_end.wait(30)
        return NEW

    monkeypatch.setattr(Census, "_look", look)
    now = [1000.0]
    monkeypatch.setattr(census, "time", type("Clock", (), {"monotonic": lambda: now[0]}))
    one._last = (OLD, now[0] - age)
    first = threading.Thread(target=one.held, args=[INSTANCE])
    first.start()
    if age > census.FRESH_SECONDS:
        assert looking.wait(30)
    if age > census.STALE_SECONDS:
        may_end.set()
    answer = one.held(INSTANCE)
    may_end.set()
    first.join(30)
    assert answer == given
    assert one.held(INSTANCE) == (NEW if age > census.FRESH_SECONDS else OLD)
