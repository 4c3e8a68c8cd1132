"""Each method of Dagster's storages has been looked at; a new one is refused until it has."""

from __future__ import annotations

from inspect import getsource

import dagster as dg
import pytest
from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.runs import RunStorage
from dagster._core.storage.schedules import ScheduleStorage

from sales_assets.platform.scoping import compute_logs, events, instance, runs, schedules
from sales_assets.platform.scoping.closed import RefusedError, closed, public_names
from sales_assets_tests.platform.scoping.instance_names import INSTANCE_NAMES

STORAGES = [
    (RunStorage, runs.ScopedRunStorage, runs.INHERITED),
    (EventLogStorage, events.ScopedEventLogStorage, events.INHERITED),
    (ScheduleStorage, schedules.ScopedScheduleStorage, schedules.INHERITED),
    (ComputeLogManager, compute_logs.ScopedComputeLogManager, compute_logs.INHERITED),
]


@pytest.mark.parametrize(("kind", "scoped", "inherited"), STORAGES)
def test_each_method_of_a_storage_has_a_rule(
    kind: type, scoped: type, inherited: frozenset[str]
) -> None:
    parts = [one for one in scoped.__mro__ if one.__module__.startswith("sales_assets.")]
    rules = {name: rule for one in reversed(parts) for name, rule in vars(one).items()}
    source = "".join(getsource(one) for one in parts)
    unwritten = {
        name
        for name in rules.keys() & public_names(kind)
        if getattr(rules[name], "__qualname__", "").startswith("refused.") and name not in source
    }
    assert public_names(kind) - inherited - rules.keys() == set()
    assert unwritten == set(), "Dagster has new methods: give each a rule"
    assert inherited <= public_names(kind)


def test_a_method_that_nobody_has_looked_at_is_refused() -> None:
    class Storage:
        def known(self) -> str:
            return "known"

        def new(self) -> str:
            return "all that there is"

    @closed(Storage, frozenset({"known"}))
    class Scoped(Storage):
        pass

    assert Scoped().known() == "known"
    with pytest.raises(RefusedError, match="administrators"):
        Scoped().new()


def test_a_base_with_rules_has_to_be_named() -> None:
    class Storage:
        def ruled(self) -> str:
            return "all that there is"

        def new(self) -> str:
            return "all that there is"

    class Rules(Storage):
        def ruled(self) -> str:
            return "what is seen"

    @closed(Storage, frozenset(), [Rules])
    class Scoped(Rules):
        pass

    @closed(Storage, frozenset())
    class Unnamed(Rules):
        pass

    assert Scoped().ruled() == "what is seen"
    for refusing in (Scoped().new, Unnamed().ruled, Unnamed().new):
        with pytest.raises(RefusedError, match="administrators"):
            refusing()


def test_each_part_of_an_instance_is_shared_scoped_or_left_out() -> None:
    with dg.DagsterInstance.local_temp() as whole:
        known = instance.SHARED | instance.SCOPED | instance.LEFT_OUT
        assert vars(whole).keys() - known == set()


def test_each_method_of_an_instance_is_known_to_ask_its_storages_alone() -> None:
    assert public_names(dg.DagsterInstance) == INSTANCE_NAMES
