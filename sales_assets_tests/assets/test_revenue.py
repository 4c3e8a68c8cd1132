"""Loading revenue while others do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from sales_assets.assets.revenue import _confirm
from sales_assets.errors import TransientError
from sales_assets.partitions import Window
from sales_assets_tests.harness import SHOP, Installation, drop

DAY = date(2024, 1, 1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP]) as made:
        made.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,1"))
        made.materialize(str(DAY), str(DAY), marts=False)
        yield made


def test_drops_that_another_run_took_meanwhile_are_not_overwritten_by_older_ones(
    shop: Installation,
) -> None:
    contract, catalogue = shop.contracts["shop"], shop.resources["catalogue"]
    begun_with = catalogue.recorded(contract, Window.around([DAY]))
    _confirm(catalogue, contract, begun_with, [DAY])

    shop.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,999"))
    shop.materialize(str(DAY), str(DAY), layers=["raw"], marts=False)

    with pytest.raises(TransientError, match="another run has taken newer drops"):
        _confirm(catalogue, contract, begun_with, [DAY])
