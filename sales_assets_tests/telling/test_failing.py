"""What cannot be told stops no load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.errors import TransientError
from sales_assets.telling.loaded_days import LoadedDays
from sales_assets_tests.harness import SHOP, Installation, drop

DAY = "2024-01-01"


def test_a_day_whose_first_lines_cannot_be_read_is_recorded_with_its_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: Any) -> None:
        raise TransientError("the connection is gone")

    monkeypatch.setattr(LoadedDays, "ask", failing)
    monkeypatch.setattr("sales_assets.assets.revenue.pictures_of", failing)
    with Installation(tmp_path, [SHOP]) as made:
        made.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,2.5"))
        assert made.materialize(DAY, DAY, marts=False).success
        event = made.instance.get_latest_materialization_event(
            dg.AssetKey(["tests", "shop", "revenue"])
        )

    assert event is not None
    assert event.asset_materialization is not None
    told = event.asset_materialization.metadata
    assert told["accepted"].value == 1
    assert not {"first lines", "net_amount_exact"} & told.keys(), "it may be of two currencies"
    assert "the data are in place, but what the UI shows of them is incomplete" in caplog.text
