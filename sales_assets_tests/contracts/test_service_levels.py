"""When drops are due and how old a rate may be; how late a line may come: with `load`."""

from __future__ import annotations

from datetime import time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from sales_assets.contracts.days import Delivery
from sales_assets_tests.contracts.builders import changed, load, problems

AGE = {"property": "exchangeRateAge", "value": 7, "unit": "d"}


def test_a_rate_may_be_a_week_old_unless_the_contract_says_otherwise(tmp_path: Path) -> None:
    assert load(tmp_path, changed("slaProperties.+", {**AGE, "value": 2})).rate_age_days == 2
    others = [{"property": "frequency", "value": 1, "unit": "d"}]
    assert load(tmp_path, changed("slaProperties", others)).rate_age_days == 7


@pytest.mark.parametrize("days", [1, 31, 5.0])
def test_a_rate_may_be_one_to_thirty_one_days_old(days: float, tmp_path: Path) -> None:
    found = load(tmp_path, changed("slaProperties.+", {**AGE, "value": days})).rate_age_days

    assert (found, type(found)) == (days, int)


@pytest.mark.parametrize("value", [0, 32, -1, 1.5, True, "7", float("inf"), float("nan")])
def test_another_age_is_refused_with_its_field_and_the_fix(value: Any, tmp_path: Path) -> None:
    [problem] = problems(tmp_path, changed("slaProperties.+", {**AGE, "value": value}))

    assert problem == f"slaProperties[1].value: is {value!r}; give whole days, from 1 to 31"


@pytest.mark.parametrize("unit", ["h", "business days", None])
def test_an_age_that_is_not_in_days_is_refused(unit: str | None, tmp_path: Path) -> None:
    stated = {"unit": unit} if unit else {}
    age = {"property": "exchangeRateAge", "value": 7, **stated}

    [problem] = problems(tmp_path, changed("slaProperties.+", age))

    assert problem == f"slaProperties[1].unit: is '{unit}'; give the age in days: d"


def test_the_age_of_rates_changes_no_row(tmp_path: Path) -> None:
    plain = load(tmp_path, changed("slaProperties.+", AGE))
    other = load(tmp_path, changed("slaProperties.+", {**AGE, "value": 3}))

    assert (plain.rate_age_days, other.rate_age_days) == (7, 3)
    assert plain.digest == other.digest


def level(name: str, value: Any, **more: str) -> dict[str, Any]:
    return {"property": name, "value": value, **more}


def test_without_a_word_of_it_drops_come_daily_and_no_time_is_promised(tmp_path: Path) -> None:
    assert load(tmp_path, changed("slaProperties", [])).delivery == Delivery(1, None)


@pytest.mark.parametrize(
    ("text", "offset"),
    [("06:00+00:00", 0), ("06:00", 0), ("06:00Z", 0), ("06:00-08:00", -8), ("06:00:00+02:00", 2)],
)
def test_a_time_of_availability_is_read_as_the_standard_writes_it(
    text: str, offset: int, tmp_path: Path
) -> None:
    found = load(tmp_path, changed("slaProperties.+", level("timeOfAvailability", text))).delivery
    assert found == Delivery(1, time(6, tzinfo=timezone(timedelta(hours=offset))))


def test_the_frequency_is_how_many_days_one_file_holds(tmp_path: Path) -> None:
    weekly = level("frequency", 7, unit="d")
    assert load(tmp_path, changed("slaProperties.+", weekly)).delivery.every_days == 7


@pytest.mark.parametrize("value", ["morning", "25:00", "", 960, True])
def test_what_is_no_time_of_day_is_refused_with_its_field_and_the_fix(
    value: Any, tmp_path: Path
) -> None:
    [problem] = problems(tmp_path, changed("slaProperties.+", level("timeOfAvailability", value)))
    assert problem == (
        f"slaProperties[1].value: is {value!r}; give a time of day in quotes, with its offset from "
        'UTC: "06:00+00:00"'
    )


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (1, "h", "unit: is 'h'; give the frequency in days: d"),
        (0, "d", "value: is 0; give whole days, 1 to 366"),
        (1.5, "d", "value: is 1.5; give whole days, 1 to 366"),
    ],
)
def test_a_frequency_that_is_not_in_whole_days_is_refused(
    value: float, unit: str, told: str, tmp_path: Path
) -> None:
    stated = level("frequency", value, unit=unit)
    [problem] = problems(tmp_path, changed("slaProperties.+", stated))
    assert problem == f"slaProperties[1].{told}"


def test_when_drops_are_due_changes_no_row(tmp_path: Path) -> None:
    plain = load(tmp_path, changed("slaProperties.+", AGE))
    other = load(tmp_path, changed("slaProperties.+", level("timeOfAvailability", "06:00")))
    assert plain.delivery != other.delivery
    assert plain.digest == other.digest
