"""How old the rate of a line may be; how late it may come is tested with `load`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
