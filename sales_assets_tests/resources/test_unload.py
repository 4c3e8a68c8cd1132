"""Tables of the warehouse as Parquet files, the same from every product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sales_assets.errors import UsageError
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import RateLoad, Unload

COLUMNS = (("rate_date", "date"), ("currency", "varchar"), ("rate", "decimal(38,10)"))
RATES = Unload("exchange_rates", COLUMNS, ["currency"])
DAYS = Unload("rate_days", (("day", "date"), ("expected_rate_date", "date")), ["day"])


@pytest.fixture
def filled(warehouse: SqlWarehouse) -> SqlWarehouse:
    day = date(2024, 1, 2)
    rates = [(day, "USD", Decimal("1.0956"), "a"), (day, "GBP", Decimal("0.86"), "a")]
    warehouse.replace_rates(RateLoad(rates, [], [(day, day)]))
    return warehouse


def test_rows_are_sorted_and_have_the_types_that_were_asked_for(
    filled: SqlWarehouse, tmp_path: Path
) -> None:
    filled.unload([RATES, DAYS], tmp_path, {"made_at": "it's now"})
    table = pq.read_table(tmp_path / "exchange_rates.parquet")
    assert [str(of) for of in table.schema.types] == ["date32[day]", "string", "decimal128(38, 10)"]
    assert table.column_names == ["rate_date", "currency", "rate"]
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (date(2024, 1, 2), "GBP", Decimal("0.8600000000")),
        (date(2024, 1, 2), "USD", Decimal("1.0956000000")),
    ]
    assert (table.schema.metadata or {})[b"made_at"] == b"it's now"
    assert pq.read_table(tmp_path / "rate_days.parquet").num_rows == 1


def test_a_table_without_rows_is_a_file_without_rows(
    warehouse: SqlWarehouse, tmp_path: Path
) -> None:
    warehouse.unload([RATES], tmp_path, {})
    table = pq.read_table(tmp_path / "exchange_rates.parquet")
    assert (table.num_rows, table.column_names) == (0, ["rate_date", "currency", "rate"])


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Unload("nowhere", COLUMNS, ["rate"]), "no table nowhere yet"),
        (Unload("rate_days", COLUMNS, ["rate"]), "without currency, rate, rate_date"),
    ],
)
def test_what_is_not_there_is_named_before_anything_is_written(
    warehouse: SqlWarehouse, tmp_path: Path, wanted: Unload, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        warehouse.unload([DAYS, wanted], tmp_path, {})
    assert not list(tmp_path.glob("*.parquet"))
