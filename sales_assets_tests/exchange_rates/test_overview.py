"""What the command says of the rates, and a person's word on one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_assets.errors import UsageError
from sales_assets.exchange_rates.overview import let_in, overview
from sales_assets.exchange_rates.state import DayState
from sales_assets.resources.build import build_resources
from sales_assets.resources.warehouse import RateLoad
from sales_assets.settings import Settings
from sales_assets_tests.exchange_rates.builders import live
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import Run, calling

FRIDAY, MONDAY = date(2024, 1, 5), date(2024, 1, 8)
ASIDE = [
    (FRIDAY, "GBP", "", "the currency is missing", "key"),
    (FRIDAY, "USD", "10.942", "900.0 % off", "key"),
    (MONDAY, "CHF", "0", "is not above zero", "key"),
    (MONDAY, "JPY", "soon", "is no number", "key"),
    (MONDAY, "SEK", "NaN", "is no number", "key"),
]


@pytest.fixture
def resources(tmp_path: Path) -> dict[str, Any]:
    """With rates put aside, and four days of which two spans are behind."""
    made = build_resources(Settings(home=tmp_path))
    made["warehouse"].replace_rates(RateLoad([], ASIDE, []))
    behind = {FRIDAY: DayState.INCOMPLETE, FRIDAY + timedelta(days=1): DayState.INCOMPLETE}
    behind |= {MONDAY: DayState.UNPUBLISHED, date(2024, 1, 9): DayState.CURRENT}
    to_come = dict.fromkeys([date(2999, 1, 4)], DayState.UNPUBLISHED)
    made["rate_state"].keep_days(behind | to_come, ["USD"])
    return made


@pytest.fixture
def run(
    resources: Mapping[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    return calling(monkeypatch, capsys)


SAID = [
    "source: snapshot/eurofxref-hist.zip",
    "days: 5 known, 3 behind",
    "  behind: 2024-01-05..2024-01-06",
    "  behind: 2024-01-08",
    "  put aside: 2024-01-05 GBP (nothing): the currency is missing",
    "  put aside: 2024-01-05 USD 10.942: 900.0 % off",
    "  put aside: 2024-01-08 CHF 0: is not above zero",
    "  put aside: 2024-01-08 JPY soon: is no number",
    "  put aside: 2024-01-08 SEK NaN: is no number",
]


def test_everything_is_said_that_a_person_can_act_on(resources: Mapping[str, Any]) -> None:
    assert list(overview(resources)) == SAID


def test_of_an_api_it_is_said_how_it_does(
    stand_in: StandIn, resources: dict[str, Any], tmp_path: Path
) -> None:
    api = live(stand_in, tmp_path)
    stand_in.inject(faults.server_error())
    api.currencies()
    said = list(overview(resources | {"exchange_rate_api": api}))
    assert said[0] == f"source: {stand_in.url}"
    for line in ("breaker: closed", "calls: 2", "failed server error: 1", "cache hits: 0"):
        assert line in said


def test_a_rate_that_jumped_enters_by_a_persons_word(resources: Mapping[str, Any]) -> None:
    assert let_in(resources, "2024-01-05", "USD") == Decimal("10.942")
    assert resources["rate_state"].accepted() == {(FRIDAY, "USD", Decimal("10.942"))}


@pytest.mark.parametrize(
    ("day", "currency", "why"),
    [
        ("2024-01-05", "GBP", r"\(nothing\) the currency is missing; it is no rate"),
        ("2024-01-08", "CHF", "0 is not above zero; it is no rate"),
        ("2024-01-08", "JPY", "soon is no number; it is no rate"),
        ("2024-01-08", "SEK", "NaN is no number; it is no rate"),
        ("2024-01-08", "USD", "no such rate was put aside; `sales-assets rates show`"),
        ("2024-1-5", "USD", "no such rate was put aside"),
        ("yesterday", "USD", "no such rate was put aside"),
    ],
)
def test_what_is_no_rate_or_was_not_put_aside_cannot_enter(
    resources: Mapping[str, Any], day: str, currency: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        let_in(resources, day, currency)
    assert resources["rate_state"].accepted() == set()


def test_the_command_shows_it(run: Run) -> None:
    assert run("rates", "show") == (0, "".join(f"{line}\n" for line in SAID), "")


def test_the_command_accepts_a_rate_or_says_why_not(run: Run, resources: Mapping[str, Any]) -> None:
    code, out, _ = run("rates", "accept", "2024-01-05", "USD")
    assert (code, out.split(".")[0]) == (0, "2024-01-05: 1 EUR = 10")
    assert "10.942 USD may enter. The sensor" in out
    assert resources["rate_state"].accepted() == {(FRIDAY, "USD", Decimal("10.942"))}

    code, out, error = run("rates", "accept", "2024-01-08", "CHF")
    assert (code != 0, out) == (True, "")
    assert "it is no rate" in error
