"""Days that healing has given up, as they are counted."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

from sales_assets.healing.days import MODELS, Row, Target
from sales_assets.healing.state import HealingState
from sales_assets.partitions import Window
from sales_assets_tests.metrics.world import World, labelled

NUMBER = "sales_assets_parked_partitions"
AGE = "sales_assets_parked_oldest_age_seconds"
TILL = labelled(team="alpha", source="till")
FIRST, SECOND = date(2024, 1, 2), date(2024, 1, 3)


def park(here: World, target: str, team: str, *days: date, ago: float = 100.0) -> None:
    """Give days of a target up, and let all others of it be well."""
    now = time.time()
    due = Row("drop", "it is missing", now, now, now)
    parked = replace(due, attempts=3, parked_at=now - ago)
    rows = {**dict.fromkeys(days, parked), date(2024, 1, 9): due}
    HealingState(url=here.state.url).keep(Target(target, team, ()), lambda _: rows, {}, now)


def test_a_source_has_a_series_before_any_day_of_it_is_parked(here: World) -> None:
    found = here.read()
    assert found[NUMBER] == found[AGE] == {TILL: 0}


def test_parked_days_are_counted_until_they_are_let_go(here: World) -> None:
    park(here, "alpha/till", "alpha", FIRST, SECOND)
    found = here.read()
    assert found[NUMBER] == {TILL: 2}
    assert 100 <= found[AGE][TILL] < 400
    window = Window.of_keys(FIRST.isoformat(), FIRST.isoformat())
    HealingState(url=here.state.url).unpark("alpha/till", window, time.time())
    assert here.read()[NUMBER] == {TILL: 1}
    park(here, "alpha/till", "alpha")
    found = here.read()
    assert found[NUMBER] == found[AGE] == {TILL: 0}


def test_days_of_the_models_and_of_sources_whose_code_is_gone_are_told_too(here: World) -> None:
    park(here, MODELS, "analytics", FIRST)
    park(here, "gone/shop", "gone", FIRST, SECOND)
    assert here.read()[NUMBER] == {
        TILL: 0,
        labelled(team="analytics", source=MODELS): 1,
        labelled(team="gone", source="shop"): 2,
    }
