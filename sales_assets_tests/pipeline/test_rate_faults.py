"""Whatever the API does, at whichever call: no wrong rate is stored, and no day is lost.

A backfill of 90 days asks for four months. Each fault meets one of these calls, or all of them;
then the API recovers, and the same backfill has to end as one that saw no fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.partitions import Window
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER, Fault
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import Installation
from sales_assets_tests.pipeline.rates import (
    IMPATIENT,
    QUICK,
    asking,
    last_evaluation,
    rates,
    refresh,
    untrue,
)

FIRST, LAST = "2024-01-15", "2024-04-13"
DAYS = {day.isoformat() for day in Window.of_keys(FIRST, LAST).days()}
pytestmark = pytest.mark.long
ANSWERS = "api_answers"
PLAUSIBLE = "rates_are_plausible"
CURRENT = "rates_are_current"


@dataclass(frozen=True)
class Expected:
    """How a run ends that meets a fault, once and for ever."""

    once: str
    for_ever: str


HARMLESS = Expected("nothing is noticed", "nothing is noticed")
PASSING = Expected("nothing is noticed", "months are missing")
LYING = Expected("rates are put aside", "rates are put aside")
WRONG = Expected("months are missing", "months are missing")
REFUSING = Expected("somebody has to act", "somebody has to act")

EVERY: dict[str, tuple[Callable[[], Fault], Expected]] = {
    "latency": (lambda: faults.latency(0.05), HARMLESS),
    "hang": (faults.hang, PASSING),
    "drip": (faults.drip, PASSING),
    "reset": (faults.reset, PASSING),
    "truncated": (faults.truncated, PASSING),
    "endless": (faults.endless, PASSING),
    "oversized": (faults.oversized, PASSING),
    "429": (faults.too_many_requests, PASSING),
    "429 with seconds": (lambda: faults.too_many_requests(0), PASSING),
    "429 with a date": (lambda: faults.too_many_requests(0, as_date=True), PASSING),
    "500": (lambda: faults.server_error(500), PASSING),
    "503": (faults.server_error, PASSING),
    "304 unasked": (faults.not_modified, PASSING),
    "HTML": (faults.html, PASSING),
    "broken JSON": (faults.broken_json, PASSING),
    "empty body": (faults.empty_body, PASSING),
    "dates of tomorrow": (faults.shifted_dates, WRONG),
    "dates of a year ago": (faults.other_year, WRONG),
    "no dates": (faults.no_dates, WRONG),
    "a currency missing": (lambda: faults.missing("USD"), LYING),
    "all currencies missing": (faults.missing, LYING),
    "zero": (lambda: faults.zero("USD"), LYING),
    "negative": (lambda: faults.negative("GBP"), LYING),
    "ten times too large": (faults.tenfold, LYING),
    "a text": (lambda: faults.text("USD"), LYING),
    "null": (lambda: faults.null("USD"), LYING),
    "404": (faults.unknown, REFUSING),
    "422": (faults.unprocessable, REFUSING),
}
PHASES = {
    "first call": 1,
    "second call": 2,
    "third call": 3,
    "last call": 4,
    "every call": None,
}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as made:
        yield made


def state_of(made: Installation) -> dict[str, Any]:
    """What is known of rates, but where it is from and when it came."""
    return {
        "rates": rates(made),
        "days": made.query("SELECT * FROM rate_days ORDER BY ALL"),
        "put aside": made.query("SELECT rate_date, currency FROM quarantined_rates ORDER BY ALL"),
        "states": [(d, k.state) for d, k in made.resources["rate_state"].days().items()],
    }


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory, stand_in: StandIn) -> dict[str, Any]:
    """What is known after a backfill that saw no fault."""
    with asking(tmp_path_factory.mktemp("faultless"), stand_in) as made:
        refresh(made, FIRST, LAST)
        known = state_of(made)
    assert {state for _, state in known["states"]} == {"current"}
    assert len(known["days"]) == 90 + 3, "with the days that late lines can be of"
    return known


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", EVERY)
def test_no_fault_lets_a_wrong_rate_in_or_loses_a_day(
    tmp_path: Path, stand_in: StandIn, faultless: dict[str, Any], name: str, phase: str
) -> None:
    fault, expected = EVERY[name]
    nth = PHASES[phase]
    waits = IMPATIENT if name in {"hang", "drip"} else {}
    with asking(tmp_path / "home", stand_in, attempts=2, failures_to_open=6, **waits) as made:
        stand_in.clear()
        if nth is None:
            stand_in.inject(fault(), times=FOR_EVER)
        else:
            stand_in.inject(fault(), nth=nth)
        refresh(made, FIRST, LAST)
        wanted = expected.for_ever if nth is None else expected.once
        assert ends_as(made) == wanted
        assert untrue(made) == []
        assert materialised(made) == DAYS, "no day is lost"
        assert len(made.query("FROM rate_days")) == 93

        stand_in.clear()
        time.sleep(QUICK["open_seconds"])
        refresh(made, FIRST, LAST)
        assert state_of(made) == faultless
        assert materialised(made) >= DAYS


def ends_as(made: Installation) -> str:
    """How a run ended, by what its checks say."""
    found = {
        name: last_evaluation(made, EXCHANGE_RATES, name) for name in (ANSWERS, PLAUSIBLE, CURRENT)
    }
    failed = frozenset(name for name, evaluation in found.items() if not evaluation.passed)
    if failed == {ANSWERS, CURRENT}:
        must_act = found[ANSWERS].severity is dg.AssetCheckSeverity.ERROR
        return "somebody has to act" if must_act else "months are missing"
    told: dict[frozenset[str], str] = {
        frozenset(): "nothing is noticed",
        frozenset({PLAUSIBLE, CURRENT}): "rates are put aside",
    }
    return told.get(failed, str(sorted(failed)))


def materialised(made: Installation) -> set[str]:
    return set(made.instance.get_materialized_partitions(EXCHANGE_RATES))
