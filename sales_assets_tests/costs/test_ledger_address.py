"""A process writes what it used into the database that `sales-assets costs` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets.costs.ledger import ledger_address
from sales_assets.instance.embedded import embedded_instance
from sales_assets.settings import Settings


def address(folder: Path) -> str | None:
    """Where a process meters itself whose instance is in a folder."""
    with embedded_instance(folder) as instance:
        return ledger_address(instance, Settings.load())


@pytest.fixture(autouse=True)
def _any_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening an instance sets the variable; here it is forgotten after the test."""
    monkeypatch.setenv("DAGSTER_HOME", "nowhere")


@pytest.mark.parametrize("folder", ["home/dagster", "srv/dagster", "srv/instance"])
def test_the_ledger_is_the_home_s_wherever_its_instance_is(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    assert address(tmp_path / folder) == Settings.load().catalogue_address


def test_an_instance_of_no_settings_leaves_the_default_home_alone(tmp_path: Path) -> None:
    beside = Settings(home=tmp_path / "home").catalogue_address
    assert address(tmp_path / "home/dagster") == beside
    assert address(tmp_path / "instance") is None
