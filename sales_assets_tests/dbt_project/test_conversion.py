"""An amount is converted exactly, and rounded once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_assets.dbt_manifest import DbtLocation, prepare, read_saved_parse
from sales_assets.dbt_process import dbt_process
from sales_assets.resources.build import snowflake_environment
from sales_assets.settings import Settings
from sales_assets_tests.snowflake.running import SnowflakeServer

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
AMOUNTS = st.decimals(-(10**14) + 1, 10**14 - 1, places=4, allow_nan=False, allow_infinity=False)
RATES = st.decimals("0.000001", 10**7 - 1, places=6, allow_nan=False, allow_infinity=False)
Convert = Callable[[Decimal, Decimal, Decimal], Decimal]


def compiled(folder: Path, target: str, environment: dict[str, str]) -> str:
    """The macro over the rows of `given`, as dbt compiles it."""
    shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("target", "logs"))
    location = DbtLocation(
        project_dir=folder / "project",
        profiles_dir=folder / "project",
        target=target,
        prepared_dir=folder / "prepared",
        environment=environment,
    )
    prepare(location)
    query = "select {{ converted('amount', 'rate_from', 'rate_to') }} as converted from given"
    with dbt_process(location.environment):
        from dbt.cli.main import dbtRunner  # importing takes seconds

        manifest, _ = read_saved_parse(location)
        arguments = ["compile", "--inline", query, *location.arguments(folder / "target")]
        result = dbtRunner(manifest).invoke(arguments)
        assert result.success, result.exception
        nodes: Any = result.result
        text: str = nodes.results[0].node.compiled_code
    return text


@pytest.fixture(scope="module")
def convert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Convert]:
    """The macro, asked of DuckDB."""
    folder = tmp_path_factory.mktemp("conversion")
    warehouse = {"SALES_ASSETS_WAREHOUSE_PATH": str(folder / "warehouse.duckdb")}
    given_values = (
        "WITH given AS (SELECT ?::DECIMAL(18,4) AS amount, ?::DECIMAL(18,6) AS rate_from, "
        f"?::DECIMAL(18,6) AS rate_to) {compiled(folder, 'duckdb', warehouse)}"
    )
    with duckdb.connect() as connection:

        def ask(amount: Decimal, rate_from: Decimal, rate_to: Decimal) -> Decimal:
            [(found,)] = connection.execute(given_values, [amount, rate_from, rate_to]).fetchall()
            assert isinstance(found, Decimal)
            return found

        yield ask


def exact(amount: Decimal, rate_from: Decimal, rate_to: Decimal) -> Fraction:
    """Rounded half away from zero to ten decimals."""
    value = Fraction(amount) * Fraction(rate_to) / Fraction(rate_from) * 10**10
    whole = int(abs(value) + Fraction(1, 2))  # int cuts
    return Fraction(whole if value >= 0 else -whole, 10**10)


@settings(deadline=None, max_examples=500)
@given(AMOUNTS, RATES, RATES)
def test_the_result_is_the_exact_one_rounded_half_away_from_zero_to_ten_decimals(
    convert: Convert, amount: Decimal, rate_from: Decimal, rate_to: Decimal
) -> None:
    expected = exact(amount, rate_from, rate_to)
    if abs(expected) < 10**28:
        assert Fraction(convert(amount, rate_from, rate_to)) == expected


@pytest.mark.long
@settings(
    deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(AMOUNTS, RATES, RATES), min_size=50, max_size=200))
def test_snowflake_gives_the_exact_results_too(
    snowflake_server: SnowflakeServer,
    on_snowflake: str,
    rows: list[tuple[Decimal, Decimal, Decimal]],
) -> None:
    wanted = {row: exact(*row) for row in rows if abs(exact(*row)) < 10**27}
    with snowflake_server.warehouse("CONVERSION")._read() as session:
        columns = ("amount", "DECIMAL(18,4)"), ("rate_from", "DECIMAL(18,6)")
        session.scratch("given", (*columns, ("rate_to", "DECIMAL(18,6)")), list(wanted))
        found = session.query(on_snowflake)
    assert sorted(Fraction(value) for (value,) in found) == sorted(wanted.values())


@pytest.fixture(scope="module")
def on_snowflake(
    snowflake_server: SnowflakeServer, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The macro as it is for Snowflake."""
    folder = tmp_path_factory.mktemp("snowflake")
    made = Settings(home=folder, **snowflake_server.settings("CONVERSION"))
    return compiled(folder, "snowflake", snowflake_environment(made))


@pytest.mark.parametrize(
    ("amount", "rate_from", "rate_to", "expected"),
    [
        ("1", "1.0956", "1", "0.9127418766"),
        ("-1", "1.0956", "1", "-0.9127418766"),
        ("0", "1.0956", "1", "0"),
        ("0.0001", "8000000", "1", "0"),
        ("0.0001", "2000000", "1", "0.0000000001"),  # a half
        ("-0.0001", "2000000", "1", "-0.0000000001"),
        ("100", "0.8338", "1.1172", "133.9889661789"),
        ("99999999999999.9999", "9999999", "9999999", "99999999999999.9999"),
    ],
)
def test_amounts_are_converted_as_by_hand(
    convert: Convert, amount: str, rate_from: str, rate_to: str, expected: str
) -> None:
    assert convert(Decimal(amount), Decimal(rate_from), Decimal(rate_to)) == Decimal(expected)
