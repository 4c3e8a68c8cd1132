"""A minute of chaos; `make chaos` has ten."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets_tests.chaos.conducting import conduct
from sales_assets_tests.s3 import set_credentials
from sales_assets_tests.services import need


@pytest.mark.longest
def test_after_a_minute_of_chaos_all_is_as_without_it_and_each_fault_was_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("RabbitMQ", 5672)
    set_credentials(monkeypatch, tmp_path)
    told: list[str] = []
    verdict = conduct(tmp_path / "world", 4, 60, told.append)
    assert verdict.faults, told
    assert verdict.is_well, f"{verdict}\n{told}"
